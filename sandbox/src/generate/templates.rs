//! The workflows of an energy supplier: phases, tasks and closing reasons.

use crate::{
    generate::ids::shared_uuid,
    wire::v2::{Reason, TaskType},
};

/// A workflow's definition.
#[derive(Debug)]
pub(super) struct Template {
    /// Names the definition in ids.
    pub(super) key: &'static str,
    pub(super) name: &'static str,
    pub(super) phases: &'static [(&'static str, &'static [Part])],
    /// Titles of the closing reasons that are configured.
    pub(super) reasons: &'static [&'static str],
    /// Exactly one of them may be selected.
    pub(super) single: bool,
}

/// A task's name and type; a decision has two branches.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) kind: TaskType,
    pub(super) branches: &'static [&'static str],
}

const fn manual(name: &'static str) -> Part {
    Part {
        name,
        kind: TaskType::Manual,
        branches: &[],
    }
}

const fn automatic(name: &'static str) -> Part {
    Part {
        name,
        kind: TaskType::Automation,
        branches: &[],
    }
}

const fn decide(name: &'static str, branches: &'static [&'static str]) -> Part {
    Part {
        name,
        kind: TaskType::Decision,
        branches,
    }
}

pub(super) const TEMPLATES: &[Template] = &[
    Template {
        key: "hausanschluss_strom",
        name: "Hausanschluss Strom",
        phases: &[
            (
                "Antrag",
                &[
                    manual("Antrag prüfen"),
                    decide("Unterlagen vollständig?", &["Vollständig", "Nachforderung"]),
                    automatic("Eingangsbestätigung senden"),
                ],
            ),
            (
                "Planung",
                &[
                    manual("Netzkapazität prüfen"),
                    manual("Angebot erstellen"),
                    automatic("Angebot versenden"),
                ],
            ),
            (
                "Installation",
                &[
                    manual("Tiefbau beauftragen"),
                    manual("Zähler setzen"),
                    automatic("Inbetriebnahme melden"),
                ],
            ),
        ],
        reasons: &[
            "Kunde zog zurück",
            "Keine Rückmeldung",
            "Duplikat",
            "Technisch nicht möglich",
        ],
        single: true,
    },
    Template {
        key: "wallbox_anmeldung",
        name: "Wallbox-Anmeldung",
        phases: &[
            (
                "Prüfung",
                &[
                    manual("Anmeldung prüfen"),
                    decide("Zustimmung nötig?", &["Über 12 kVA", "Bis 12 kVA"]),
                    manual("Netzverträglichkeit bewerten"),
                ],
            ),
            (
                "Abschluss",
                &[
                    automatic("Bestätigung senden"),
                    manual("Stammdaten pflegen"),
                ],
            ),
        ],
        reasons: &["Kunde zog zurück", "Duplikat", "Keine Rückmeldung"],
        single: false,
    },
    Template {
        key: "pv_netzanschluss",
        name: "PV-Anlage Netzanschluss",
        phases: &[
            (
                "Anmeldung",
                &[
                    manual("Netzanschlussbegehren prüfen"),
                    automatic("Unterlagen nachfordern"),
                    manual("Netzverträglichkeitsprüfung"),
                ],
            ),
            (
                "Zusage",
                &[
                    automatic("Einspeisezusage versenden"),
                    manual("Zählerkonzept festlegen"),
                ],
            ),
            (
                "Inbetriebnahme",
                &[
                    manual("Inbetriebsetzungsprotokoll prüfen"),
                    automatic("Marktstammdatenregister abgleichen"),
                ],
            ),
        ],
        reasons: &[
            "Kunde zog zurück",
            "Keine Rückmeldung",
            "Anlage nicht errichtet",
        ],
        single: true,
    },
    Template {
        key: "zaehlerwechsel",
        name: "Zählerwechsel",
        phases: &[
            (
                "Vorbereitung",
                &[automatic("Termin ankündigen"), manual("Monteur einplanen")],
            ),
            (
                "Durchführung",
                &[
                    manual("Zählerstände erfassen"),
                    automatic("Abrechnung informieren"),
                ],
            ),
        ],
        reasons: &["Kein Zutritt", "Duplikat", "Zähler schon gewechselt"],
        single: true,
    },
    Template {
        key: "lieferantenwechsel",
        name: "Lieferantenwechsel",
        phases: &[
            (
                "Anmeldung",
                &[
                    manual("Vertragsdaten prüfen"),
                    automatic("Anmeldung an Netzbetreiber senden"),
                ],
            ),
            (
                "Belieferung",
                &[
                    decide("Ablehnung erhalten?", &["Nein", "Ja"]),
                    automatic("Begrüßungsschreiben senden"),
                    manual("Abschlag festlegen"),
                ],
            ),
        ],
        reasons: &[
            "Widerruf",
            "Keine Rückmeldung",
            "Duplikat",
            "Vom Netzbetreiber abgelehnt",
        ],
        single: false,
    },
    Template {
        key: "umzug",
        name: "Umzug",
        phases: &[(
            "Umzug",
            &[
                manual("Auszug erfassen"),
                manual("Zählerstand anfordern"),
                automatic("Schlussrechnung anstoßen"),
                manual("Neue Lieferstelle anlegen"),
            ],
        )],
        reasons: &["Kunde zog zurück", "Duplikat"],
        single: false,
    },
    Template {
        key: "beschwerde",
        name: "Beschwerde",
        phases: &[
            (
                "Aufnahme",
                &[
                    manual("Anliegen einordnen"),
                    automatic("Eingang bestätigen"),
                ],
            ),
            (
                "Klärung",
                &[
                    manual("Fachbereich einbinden"),
                    decide("Berechtigt?", &["Berechtigt", "Unberechtigt"]),
                    manual("Gutschrift veranlassen"),
                    manual("Antwort senden"),
                ],
            ),
        ],
        reasons: &["Keine Rückmeldung", "Duplikat", "Anonym"],
        single: true,
    },
    Template {
        key: "waermepumpe_14a",
        name: "Wärmepumpe nach § 14a EnWG",
        phases: &[
            (
                "Anmeldung",
                &[
                    manual("Steuerbarkeit prüfen"),
                    manual("Modul der Entgeltreduzierung klären"),
                    automatic("Messstellenbetreiber beauftragen"),
                ],
            ),
            (
                "Abschluss",
                &[
                    manual("Steuerbox bestätigen"),
                    automatic("Netzentgelt umstellen"),
                    manual("Kunden informieren"),
                    manual("Akte schließen"),
                ],
            ),
        ],
        reasons: &["Kunde zog zurück", "Keine Rückmeldung", "Duplikat"],
        single: false,
    },
];

/// The definition's closing reasons, as they were when an execution of it started.
pub(super) fn reasons(template: &Template) -> Vec<Reason> {
    template
        .reasons
        .iter()
        .map(|title| Reason {
            id: shared_uuid(&format!("{}/reason/{title}", template.key)),
            title: (*title).to_owned(),
        })
        .collect()
}

/// The closing reasons of a v1 definition, by its id; none for an unknown one.
pub(crate) fn reasons_of(definition: &str) -> Vec<Reason> {
    TEMPLATES
        .iter()
        .find(|template| definition_id(template) == definition)
        .map(reasons)
        .unwrap_or_default()
}

/// The id that a task of a template has in all its flows.
pub(super) fn task_template_id(template: &Template, task: &str) -> String {
    shared_uuid(&format!("{}/task/{task}", template.key))
}

/// The id that a phase of a template has in all its flows.
pub(super) fn phase_template_id(template: &Template, phase: &str) -> String {
    shared_uuid(&format!("{}/phase/{phase}", template.key))
}

/// A flow template's id.
pub(super) fn flow_template_id(template: &Template) -> String {
    format!("tpl_{}", template.key)
}

/// A v1 definition's id.
pub(super) fn definition_id(template: &Template) -> String {
    format!("def_{}", template.key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_has_four_to_nine_tasks_and_a_decision_something_to_decide_on() {
        for template in TEMPLATES {
            let tasks: Vec<&Part> = template.phases.iter().flat_map(|phase| phase.1).collect();
            assert!((4..=9).contains(&tasks.len()), "{}", template.name);
            for task in &tasks {
                assert_eq!(
                    task.kind == TaskType::Decision,
                    task.branches.len() == 2,
                    "{}",
                    task.name
                );
            }
            assert!(
                template.reasons.len() >= 2,
                "{}: two reasons can be refused",
                template.name
            );
            // Both branches of a decision lead somewhere.
            assert!(
                tasks
                    .iter()
                    .rev()
                    .take(2)
                    .all(|task| task.branches.is_empty()),
                "{}",
                template.name
            );
        }
    }
}
