//! What chance makes of counts: exact, by sums of terms, since counts here are small.

/// An interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// From here.
    pub low: f64,
    /// To here.
    pub high: f64,
}

/// What may lie beyond each end of an interval of 95 %.
const BEYOND: f64 = 0.025;
/// Terms that add less than this part of their sum end it.
const NEGLIGIBLE: f64 = 1e-17;
/// Halvings of a range: more than the digits that there are.
const HALVINGS: usize = 80;

/// The logarithm of n!, to some 12 digits.
pub fn ln_factorial(n: u64) -> f64 {
    if n < 20 {
        return (2..=n).map(|i| (i as f64).ln()).sum();
    }
    let n = n as f64;
    let series = 1.0 / (12.0 * n) - 1.0 / (360.0 * n.powi(3)) + 1.0 / (1_260.0 * n.powi(5));
    n * n.ln() - n + 0.5 * (std::f64::consts::TAU * n).ln() + series
}

/// A sum of terms that become smaller, each made of the last one by its factor; none ends it.
fn sum(first: f64, mut factor: impl FnMut() -> Option<f64>) -> f64 {
    let (mut sum, mut term) = (first, first);
    while let Some(next) = factor() {
        term *= next;
        sum += term;
        if term <= sum * NEGLIGIBLE {
            break;
        }
    }
    sum.min(1.0)
}

/// The probability of so many or more where so many are to be expected (Poisson).
pub fn poisson_at_least(count: u64, expected: f64) -> f64 {
    if count == 0 {
        return 1.0;
    }
    if expected <= 0.0 {
        return 0.0;
    }
    let term = |n: u64| (n as f64 * expected.ln() - expected - ln_factorial(n)).exp();
    if count as f64 > expected {
        let mut n = count;
        return sum(term(count), || {
            n += 1;
            Some(expected / n as f64)
        });
    }
    let mut n = count - 1;
    1.0 - sum(term(n), || {
        let factor = n as f64 / expected;
        n = n.checked_sub(1)?;
        Some(factor)
    })
}

/// The probability of so many or more out of so many, each with the same probability (binomial).
pub fn binomial_at_least(count: u64, of: u64, each: f64) -> f64 {
    if count == 0 || (each >= 1.0 && count <= of) {
        return 1.0;
    }
    if count > of || each <= 0.0 {
        return 0.0;
    }
    let term = |n: u64| {
        let ways = ln_factorial(of) - ln_factorial(n) - ln_factorial(of - n);
        (ways + n as f64 * each.ln() + (of - n) as f64 * (-each).ln_1p()).exp()
    };
    let odds = each / (1.0 - each);
    if count as f64 > of as f64 * each {
        let mut n = count;
        return sum(term(count), || {
            let factor = (of - n) as f64 / (n + 1) as f64 * odds;
            n += 1;
            (factor > 0.0).then_some(factor)
        });
    }
    let mut n = count - 1;
    1.0 - sum(term(n), || {
        let factor = n as f64 / ((of - n + 1) as f64 * odds);
        n = n.checked_sub(1)?;
        Some(factor)
    })
}

/// Where a function that only rises reaches a value.
fn reached(mut low: f64, mut high: f64, value: f64, rising: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if rising(middle) < value {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The exact interval of 95 % of what is to be expected where so many were counted (Garwood, Biometrika 28, 1936): with less, so many
/// or more would come in one of forty cases at most; with more, so many or fewer.
pub fn poisson_interval(count: u64) -> Interval {
    let n = count as f64;
    let low = match count {
        0 => 0.0,
        count => reached(0.0, n, BEYOND, |expected| poisson_at_least(count, expected)),
    };
    let most = n + 5.0 * (n + 1.0).sqrt() + 5.0;
    let high = reached(n, most, 1.0 - BEYOND, |expected| poisson_at_least(count + 1, expected));
    Interval { low, high }
}

/// The probability that the first of two rates is so much greater than the second by chance alone: given how many there are of both
/// together, the first has its part by its share of the time (the exact conditional test; Przyborowski and Wilenski, Biometrika 31,
/// 1940). 1 where there is no time to compare.
pub fn greater_by_chance((count, time): (u64, u64), (other_count, other_time): (u64, u64)) -> f64 {
    if time == 0 || other_time == 0 {
        return 1.0;
    }
    let share = time as f64 / (time as f64 + other_time as f64);
    binomial_at_least(count, count + other_count, share)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(value: f64, known: f64, by: f64) {
        assert!((value - known).abs() <= by, "{value} is not {known}");
    }

    #[test]
    fn intervals_are_those_of_the_tables() {
        // Exact limits of 95 % for Poisson counts, as in Ulm, Am. J. Epidemiol. 131 (1990), and every table since Garwood.
        let known = [
            (0, 0.0, 3.689),
            (1, 0.0253, 5.572),
            (2, 0.2422, 7.225),
            (5, 1.6235, 11.668),
            (10, 4.7954, 18.390),
            (20, 12.2165, 30.888),
            (50, 37.1110, 65.919),
            (100, 81.3640, 121.627),
        ];
        for (count, low, high) in known {
            let interval = poisson_interval(count);
            near(interval.low, low, 0.001);
            near(interval.high, high, 0.001);
        }
    }

    #[test]
    fn tails_are_what_counting_gives() {
        near(binomial_at_least(8, 10, 0.5), 56.0 / 1_024.0, 1e-13);
        near(binomial_at_least(7, 10, 0.3), 0.010_592_078_4, 1e-12);
        near(binomial_at_least(20, 100, 0.1), 0.001_978_560_865_771, 1e-12);
        near(binomial_at_least(5, 100, 0.1), 0.976_288_917_336_523, 1e-11);
        near(binomial_at_least(400, 2_000, 1.0 / 6.0), 5.224_650_878e-5, 1e-12);
        near(poisson_at_least(1, 0.5), 1.0 - (-0.5_f64).exp(), 1e-13);
        near(poisson_at_least(3, 2.0), 1.0 - 5.0 * (-2.0_f64).exp(), 1e-13);
        assert_eq!((binomial_at_least(0, 0, 0.3), binomial_at_least(1, 0, 0.3)), (1.0, 0.0));
        assert_eq!((poisson_at_least(0, 0.0), poisson_at_least(1, 0.0)), (1.0, 0.0));
    }

    #[test]
    fn two_rates_are_compared_as_in_the_literature() {
        // Breast cancer with and without fluoroscopy: 41 in 28,010 and 15 in 19,017 person-years (Boice and Monson 1977; the standard
        // example for two Poisson rates). Summed in fractions by another program.
        near(greater_by_chance((41, 28_010), (15, 19_017)), 0.023_830_123_377, 1e-10);
        assert_eq!(greater_by_chance((5, 0), (5, 10)), 1.0);
        assert_eq!(greater_by_chance((5, 10), (0, 0)), 1.0);
        near(greater_by_chance((3, 1), (0, 1)), 0.125, 1e-13);
    }

    proptest! {
        #[test]
        fn intervals_hold_their_count_and_grow_with_it(count in 0_u64..200_000) {
            let (one, next) = (poisson_interval(count), poisson_interval(count + 1));
            prop_assert!(one.low <= count as f64 && one.high > count as f64);
            prop_assert!(one.low < next.low && one.high < next.high);
            // Both ends leave one in forty beyond them.
            prop_assert!((poisson_at_least(count + 1, one.high) - 0.975).abs() < 1e-7);
            prop_assert!(count == 0 || (poisson_at_least(count, one.low) - 0.025).abs() < 1e-7);
        }

        #[test]
        fn probabilities_lie_within_their_bounds_and_fall_with_the_count(
            of in 1_u64..50_000, part in 0.0_f64..1.0, each in 0.000_001_f64..0.999_999,
        ) {
            let count = (of as f64 * part) as u64;
            let (one, more) = (binomial_at_least(count, of, each), binomial_at_least(count + 1, of, each));
            prop_assert!((0.0..=1.0).contains(&one) && (0.0..=1.0).contains(&more));
            prop_assert!(more <= one + 1e-9, "{more} after {one}");
            // Either so many or more, or fewer: what is counted from the other side is the rest.
            let fewer = binomial_at_least(of - count + 1, of, 1.0 - each);
            prop_assert!((one + fewer - 1.0).abs() < 1e-7, "{one} and {fewer}");
        }

        #[test]
        fn more_failures_in_the_same_time_are_less_by_chance(count in 0_u64..500, other in 0_u64..500, time in 1_u64..1_000_000) {
            let one = greater_by_chance((count, time), (other, time));
            prop_assert!(greater_by_chance((count + 1, time), (other, time)) <= one + 1e-12);
        }
    }
}
