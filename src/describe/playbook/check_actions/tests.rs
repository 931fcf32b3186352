use super::*;

#[test]
fn an_action_works_on_its_own_levels_where_targets_are_at_least_as_fine() {
    use Level::{Entity, Execution, Phase, Step, Task};
    let table: [(&str, Level, &[Level]); 16] = [
        ("reassign", Execution, &[Execution]),
        ("reassign", Step, &[Execution, Step]),
        ("reassign", Phase, &[Execution, Phase]),
        ("reassign", Task, &[Execution, Phase, Task]),
        ("close", Execution, &[Execution]),
        ("close", Phase, &[Execution]),
        ("close", Task, &[Execution]),
        ("close", Entity, &[]),
        ("run_schedule_now", Execution, &[]),
        ("run_schedule_now", Phase, &[]),
        ("run_schedule_now", Task, &[Task]),
        ("set_status", Phase, &[]),
        ("set_status", Step, &[Step]),
        ("delete_step", Step, &[Step]),
        ("start", Entity, &[Entity]),
        ("start", Execution, &[]),
    ];
    for (kind, each, works) in table {
        for level in Level::ALL {
            let mut reader = DocumentReader::new("");
            let found = works_on(
                &mut reader,
                ActionKind::named(kind).unwrap(),
                Span { start: 0, end: 0 },
                level,
                each,
            );
            assert_eq!(
                found,
                works.contains(&level),
                "{kind:?} on {level} of each {each}"
            );
            assert_eq!(reader.into_mistakes().is_empty(), found);
        }
    }
}
