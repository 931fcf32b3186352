//! epilot's hosts: the service and the stage of each. Pure.

use crate::api::Service;

/// epilot's domain, and below it that of its services.
const DOMAIN: &str = "epilot.io";
const SERVICES: &str = "sls.epilot.io";

/// The first label of the host of a service.
const fn label(service: Service) -> &'static str {
    match service {
        Service::WorkflowExecutions => "workflows-execution",
        Service::Entities => "entity",
    }
}

/// epilot's host of `service`, in the stage of `host`; none if `host` is not epilot's.
///
/// `user.sls.epilot.io` is a service in production, `user.dev.sls.epilot.io` the same in the stage `dev`.
pub(super) fn host_of(service: Service, host: &str) -> Option<String> {
    // A dot at the end marks a complete name.
    let host = host.strip_suffix('.').unwrap_or(host);
    if !is_below(host, DOMAIN) {
        return None;
    }
    let stage = host
        .strip_suffix(SERVICES)
        .and_then(|labels| labels.trim_end_matches('.').split_once('.'))
        .map(|(_, stage)| format!("{stage}."));
    let stage = stage.unwrap_or_default();
    Some(format!("{}.{stage}{SERVICES}", label(service)))
}

fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_of_the_vendor_leads_to_each_service_of_the_same_stage() {
        for (host, executions, entities) in [
            (
                "workflows-execution.sls.epilot.io",
                "workflows-execution.sls.epilot.io",
                "entity.sls.epilot.io",
            ),
            (
                "user.dev.sls.epilot.io",
                "workflows-execution.dev.sls.epilot.io",
                "entity.dev.sls.epilot.io",
            ),
            (
                "entity.a.b.sls.epilot.io.",
                "workflows-execution.a.b.sls.epilot.io",
                "entity.a.b.sls.epilot.io",
            ),
            // Of no stage that can be told: production.
            (
                "portal.epilot.io",
                "workflows-execution.sls.epilot.io",
                "entity.sls.epilot.io",
            ),
            (
                "sls.epilot.io",
                "workflows-execution.sls.epilot.io",
                "entity.sls.epilot.io",
            ),
            (
                "x-sls.epilot.io",
                "workflows-execution.sls.epilot.io",
                "entity.sls.epilot.io",
            ),
        ] {
            let of = |service| host_of(service, host).unwrap();
            assert_eq!(of(Service::WorkflowExecutions), executions, "{host}");
            assert_eq!(of(Service::Entities), entities, "{host}");
        }
        for host in [
            "localhost",
            "127.0.0.1",
            "epilot.example",
            "myepilot.io",
            "sls.epilot.io.example.com",
            "epilot.io.example",
        ] {
            assert_eq!(host_of(Service::Entities, host), None, "{host}");
        }
    }
}
