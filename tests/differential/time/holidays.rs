//! The German holidays.

use super::{date_of, day_number};

/// Easter Sunday (the Gregorian computus of Butcher).
fn easter(year: i64) -> i64 {
    let (golden, century, of_century) = (year % 19, year / 100, year % 100);
    let moon =
        (19 * golden + century - century / 4 - (century - (century + 8) / 25 + 1) / 3 + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (of_century / 4) - moon - of_century % 4) % 7;
    let day = moon + weekday - 7 * ((golden + 11 * moon + 22 * weekday) / 451) + 114;
    day_number(year, day / 31, day % 31 + 1)
}

/// The holidays of the country and of the states that the test uses, from 2018 on.
pub(super) fn is_public(code: &str, number: i64) -> bool {
    let (year, month, day) = date_of(number);
    let after_easter = number - easter(year);
    if matches!(after_easter, -2 | 1 | 39 | 50)
        || matches!((month, day), (1 | 5, 1) | (10, 3) | (12, 25 | 26))
    {
        return true;
    }
    // The Wednesday before 23 November.
    let is_repentance = month == 11 && (16..=22).contains(&day) && (number + 3).rem_euclid(7) == 2;
    match code {
        "DE" => false,
        "DE-BY" => after_easter == 60 || matches!((month, day), (1, 6) | (11, 1)),
        "DE-NW" => after_easter == 60 || (month, day) == (11, 1),
        "DE-SN" => is_repentance || (month, day) == (10, 31),
        other => panic!("the model knows no holidays of {other}"),
    }
}
