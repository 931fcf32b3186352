//! `Retry-After`: when the service accepts the next request.

use std::time::Duration;

use jiff::{
    Timestamp,
    fmt::{rfc2822, strtime},
    tz::TimeZone,
};

/// The longest wait that is taken from a header: a week.
///
/// A run stops at much less; the bound prevents overflow in clock arithmetic.
const WAIT_LIMIT: Duration = Duration::from_secs(7 * 24 * 3600);

/// When the service accepts the next request (RFC 9110, section 10.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// Seconds, counted from the answer.
    Seconds(u64),
    At(Timestamp),
}

impl RetryAfter {
    /// Parses the values of the header; none if none of them is a number of seconds or an HTTP date. Several values may be in several
    /// headers or separated by commas. The longest wait counts: waiting too long costs time, but retrying too early costs attempts.
    ///
    /// `answered` is the answer's own `Date`. A date is compared with it, since the clock of this machine may be wrong.
    pub fn parse<'a>(
        values: impl Iterator<Item = &'a str>,
        answered: Option<&str>,
    ) -> Option<Self> {
        let answered = answered.and_then(http_date);
        // In a date, the only comma is after the day of the week, which is redundant.
        let parts = values.flat_map(|value| value.split(','));
        parts
            .filter_map(|part| one(part, answered))
            .reduce(Self::longer)
    }

    /// The longer of two waits. Seconds win over a date that would need this machine's clock.
    fn longer(self, other: Self) -> Self {
        match (self, other) {
            (Self::Seconds(one), Self::Seconds(other)) => Self::Seconds(one.max(other)),
            (Self::At(one), Self::At(other)) => Self::At(one.max(other)),
            (seconds @ Self::Seconds(_), Self::At(_)) | (Self::At(_), seconds) => seconds,
        }
    }

    /// The wait at the time `now`; zero if the moment has passed, a week at most.
    pub fn wait(self, now: Timestamp) -> Duration {
        match self {
            Self::Seconds(seconds) => Duration::from_secs(seconds),
            Self::At(moment) => {
                Duration::try_from(moment.duration_since(now)).unwrap_or(Duration::ZERO)
            }
        }
        .min(WAIT_LIMIT)
    }
}

fn one(part: &str, answered: Option<Timestamp>) -> Option<RetryAfter> {
    if let Some(seconds) = seconds(part.trim()) {
        return Some(RetryAfter::Seconds(seconds));
    }
    let moment = http_date(part)?;
    Some(match answered {
        Some(answered) => {
            let wait = moment.duration_since(answered).as_secs();
            RetryAfter::Seconds(u64::try_from(wait).unwrap_or(0))
        }
        None => RetryAfter::At(moment),
    })
}

/// A number of seconds. The standard allows digits only; some services send a sign, a fraction or a unit, whose meaning is clear. A
/// fraction is rounded up, a negative number is now, and too many digits are "very long".
fn seconds(text: &str) -> Option<u64> {
    let without_unit = text.strip_suffix(['s', 'S']).unwrap_or(text).trim_end();
    let is_negative = without_unit.starts_with('-');
    let number = without_unit
        .strip_prefix(['+', '-'])
        .unwrap_or(without_unit);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let mut digits = whole.bytes().chain(fraction.bytes());
    if (whole.is_empty() && fraction.is_empty()) || !digits.all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if is_negative {
        return Some(0);
    }
    let whole = match whole {
        "" => 0,
        digits => digits.parse().unwrap_or(u64::MAX),
    };
    let rest = fraction.bytes().any(|digit| digit != b'0');
    Some(whole.saturating_add(u64::from(rest)))
}

/// A date in one of the three forms of RFC 9110, section 5.6.7, or in the API's own form.
fn http_date(value: &str) -> Option<Timestamp> {
    /// RFC 850 (two digits of a year mean 1969 to 2068) and asctime, both without the day of the week.
    const OBSOLETE: [&str; 2] = ["%d-%b-%y %H:%M:%S GMT", "%b %e %H:%M:%S %Y"];
    let value = value.trim();
    let date = match value.split_once([',', ' ']) {
        Some((day, date))
            if !day.is_empty() && day.bytes().all(|byte| byte.is_ascii_alphabetic()) =>
        {
            date.trim_start()
        }
        Some(_) | None => value,
    };
    let utc = |form| {
        let date = strtime::parse(form, date).ok()?.to_datetime().ok()?;
        TimeZone::UTC.to_timestamp(date).ok()
    };
    let standard = rfc2822::parse(date).ok();
    standard
        .map(|date| date.timestamp())
        .or_else(|| OBSOLETE.into_iter().find_map(utc))
        .or_else(|| date.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds that these values of the header ask for.
    fn waits(values: &[&str]) -> Option<u64> {
        let now: Timestamp = "1994-11-06T08:49:07Z".parse().unwrap();
        let parsed = RetryAfter::parse(values.iter().copied(), None);
        parsed.map(|after| after.wait(now).as_secs())
    }

    #[test]
    fn a_retry_after_is_seconds_or_a_date_in_any_of_the_three_forms() {
        for (value, wait) in [
            ("0", Some(0)),
            ("30", Some(30)),
            (" 30 ", Some(30)),
            ("\t30", Some(30)),
            ("99999999999999999999999", Some(7 * 24 * 60 * 60)),
            // IMF-fixdate, RFC 850, asctime.
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(30)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(30)),
            ("Sun Nov  6 08:49:37 1994", Some(30)),
            ("Wed Nov 16 08:49:07 1994", Some(7 * 24 * 60 * 60)),
            // In the past, and far in the future.
            ("Sun, 06 Nov 1994 08:48:37 GMT", Some(0)),
            ("Sunday, 06-Nov-94 08:48:37 GMT", Some(0)),
            ("Sun Nov  6 08:48:37 1994", Some(0)),
            ("Fri, 06 Nov 2195 08:49:37 GMT", Some(7 * 24 * 60 * 60)),
            ("soon", None),
            ("", None),
            (" ", None),
            (",", None),
            ("Sun, 06 Nov", None),
            ("Sun", None),
        ] {
            assert_eq!(waits(&[value]), wait, "{value:?}");
        }
    }

    #[test]
    fn what_only_looks_a_little_like_a_retry_after_is_read_as_it_was_meant() {
        for (value, wait) in [
            ("8.0", Some(8)),
            ("8.", Some(8)),
            ("8.2", Some(9)),
            ("0.000001", Some(1)),
            (".5", Some(1)),
            ("+8", Some(8)),
            ("8s", Some(8)),
            ("8 S", Some(8)),
            ("-5", Some(0)),
            ("-0.5", Some(0)),
            ("-99999999999999999999999", Some(0)),
            ("99999999999999999999999.9", Some(7 * 24 * 60 * 60)),
            // The wrong day of the week, another case, another zone, and the form of the API's own dates.
            ("Mon, 06 Nov 1994 08:49:37 GMT", Some(30)),
            ("sun, 06 nov 1994 08:49:37 gmt", Some(30)),
            ("06 Nov 1994 09:49:37 +0100", Some(30)),
            ("Sun 06 Nov 1994 08:49:37 GMT", Some(30)),
            ("1994-11-06T08:49:37.000Z", Some(30)),
            // What can't be meant as seconds.
            ("8ms", None),
            ("8m", None),
            ("0x8", None),
            ("8e3", None),
            ("1.2.3", None),
            ("--5", None),
            ("+", None),
            (".", None),
            ("s", None),
            ("inf", None),
            ("NaN", None),
            ("١", None),
        ] {
            assert_eq!(waits(&[value]), wait, "{value:?}");
        }
    }

    #[test]
    fn of_several_waits_the_longest_counts() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        for (values, wait) in [
            (&["5", "8"][..], Some(8)),
            (&["8", "5"], Some(8)),
            (&["5, 8"], Some(8)),
            (&["8,5"], Some(8)),
            (&["soon, 5"], Some(5)),
            (&["soon", "5"], Some(5)),
            (&[date, "Sun, 06 Nov 1994 08:49:27 GMT"], Some(30)),
            (
                &["Sun, 06 Nov 1994 08:49:27 GMT, Sunday, 06-Nov-94 08:49:37 GMT"],
                Some(30),
            ),
            (&["soon", ""], None),
            (&[], None),
        ] {
            assert_eq!(waits(values), wait, "{values:?}");
        }
        // With the date of the answer, seconds and dates are compared; without it, only seconds need no clock.
        let both = |answered| RetryAfter::parse(["5", date].into_iter(), answered);
        let answered = "Sun, 06 Nov 1994 08:49:07 GMT";
        assert_eq!(both(Some(answered)), Some(RetryAfter::Seconds(30)));
        assert_eq!(both(None), Some(RetryAfter::Seconds(5)));
    }

    #[test]
    fn a_date_counts_from_the_date_of_the_answer_whatever_the_clock_here_says() {
        let (date, before, after) = (
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:07 GMT",
            "Sun, 06 Nov 1994 08:50:07 GMT",
        );
        for now in [
            "1994-11-06T08:49:07Z",
            "1970-01-01T00:00:00Z",
            "2026-12-01T08:00:00Z",
        ] {
            let wait = |value, answered| {
                let parsed = RetryAfter::parse([value].into_iter(), Some(answered)).unwrap();
                parsed.wait(now.parse().unwrap()).as_secs()
            };
            assert_eq!(wait(date, before), 30, "{now}");
            assert_eq!(wait(date, after), 0, "{now}");
            // Seconds need no clock.
            assert_eq!(wait("7", after), 7, "{now}");
        }
        // Without a date of the answer that can be read, the clock here is all there is.
        let now: Timestamp = "1994-11-06T08:49:07Z".parse().unwrap();
        let parsed = RetryAfter::parse([date].into_iter(), Some("today")).unwrap();
        assert_eq!(parsed.wait(now).as_secs(), 30);
    }
}
