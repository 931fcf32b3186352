#![allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    missing_debug_implementations,
    reason = "placeholder"
)]
#[derive(Default, Clone)]
pub struct Faults;
impl Faults {
    pub fn from_json(_: &str) -> Result<Self, std::io::Error> {
        Ok(Self)
    }
}
#[derive(Clone)]
pub struct Wanted {
    pub seed: Option<u64>,
    pub epoch: Option<jiff::civil::Date>,
    pub executions: Option<u32>,
    pub token: String,
    pub faults: Faults,
    pub today: jiff::civil::Date,
}
impl Wanted {
    pub fn of_day(today: jiff::civil::Date) -> Self {
        Self {
            seed: None,
            epoch: None,
            executions: None,
            token: "sandbox".into(),
            faults: Faults,
            today,
        }
    }
}
pub struct Sandbox;
impl Sandbox {
    pub fn open(_: &std::path::Path, _: Wanted) -> Result<Self, std::io::Error> {
        Ok(Self)
    }
    pub async fn serve(self, _: tokio::net::TcpListener) -> std::io::Result<()> {
        Ok(())
    }
}
pub fn reset(_: &std::path::Path) -> Result<bool, std::io::Error> {
    Ok(false)
}
