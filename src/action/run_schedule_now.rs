//! `run_schedule_now`: a scheduled automation starts at once.

#[derive(Clone, Copy, Debug)]
pub struct RunScheduleNow;
