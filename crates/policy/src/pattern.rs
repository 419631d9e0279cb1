//! Istio's ways to write a text that matches many.

/// Exact, `prefix*`, `*suffix`, or `*`, which asks only that something is there.
#[must_use]
pub fn matches(pattern: &str, value: &str) -> bool {
    if pattern == "*" {
        !value.is_empty()
    } else if let Some(suffix) = pattern.strip_prefix('*') {
        value.ends_with(suffix)
    } else if let Some(prefix) = pattern.strip_suffix('*') {
        value.starts_with(prefix)
    } else {
        pattern == value
    }
}

/// The same for paths, where `{*}` stands for one segment and `{**}` for any number.
#[must_use]
pub fn path_matches(pattern: &str, path: &str) -> bool {
    if !is_template(pattern) {
        return matches(pattern, path);
    }
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    segments_match(&pattern, &path)
}

fn segments_match(pattern: &[&str], path: &[&str]) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        // At least what follows the slash before it, be that empty.
        Some((&"{**}", rest)) => (1..=path.len()).any(|taken| segments_match(rest, &path[taken..])),
        Some((first, rest)) => path.split_first().is_some_and(|(segment, others)| {
            let fits = if *first == "{*}" { !segment.is_empty() } else { first == segment };
            fits && segments_match(rest, others)
        }),
    }
}

fn is_template(pattern: &str) -> bool {
    pattern.contains(['{', '}'])
}

/// What Istio would not accept of a path, or not take as it looks.
#[must_use]
pub fn path_problem(pattern: &str) -> Option<&'static str> {
    if pattern.is_empty() {
        return Some("it is empty");
    }
    if !is_template(pattern) {
        return None;
    }
    let strange = |segment: &&str| !matches!(*segment, "{*}" | "{**}") && segment.contains(['{', '}', '*']);
    if pattern.split('/').any(|segment| strange(&segment)) {
        return Some("beside {*} and {**}, each a whole segment, a template holds no brace and no star");
    }
    let after_all = pattern.split('/').skip_while(|segment| *segment != "{**}").skip(1);
    after_all
        .into_iter()
        .any(|segment| segment.starts_with('{'))
        .then_some("{**} must be the last of its kind")
}

/// Paths that a pattern means: examples to judge by.
#[must_use]
pub fn example(pattern: &str) -> String {
    if is_template(pattern) {
        pattern.replace("{**}", "x/y").replace("{*}", "x")
    } else if pattern == "*" {
        "/anything".into()
    } else if let Some(suffix) = pattern.strip_prefix('*') {
        format!("/x{suffix}")
    } else if let Some(prefix) = pattern.strip_suffix('*') {
        format!("{prefix}x")
    } else {
        pattern.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_at_one_end_or_for_anything_that_is_there() {
        for (pattern, value, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "ab", true),
            ("a*", "a", true),
            ("*b", "ab", true),
            ("*b", "ba", false),
            ("*", "x", true),
            ("*", "", false),
            ("a*c", "abc", false),
            ("a*c", "a*c", true),
        ] {
            assert_eq!(matches(pattern, value), expected, "{pattern} {value}");
        }
    }

    #[test]
    fn a_template_counts_segments() {
        for (pattern, path, expected) in [
            ("/charges/{*}", "/charges/k", true),
            ("/charges/{*}", "/charges", false),
            ("/charges/{*}", "/charges/", false),
            ("/charges/{*}", "/charges/k/abandon", false),
            ("/charges/{*}/abandon", "/charges/k/abandon", true),
            ("/charges/{*}/abandon", "/charges/k/other", false),
            ("/a/{**}", "/a/b/c", true),
            ("/a/{**}", "/a/", true),
            ("/a/{**}", "/a", false),
            ("/a/{**}/z", "/a/b/c/z", true),
            ("/a/{**}/z", "/a/b/c", false),
            ("/rest/*", "/rest/v1/x", true),
            ("/rest/*", "/rest", false),
            ("/rest/*", "/rest/", true),
        ] {
            assert_eq!(path_matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn what_istio_would_refuse_is_a_problem() {
        for pattern in ["", "/a{*}", "/{x}", "/{*}/b*", "/{**}/{*}", "/{**}/{**}"] {
            assert!(path_problem(pattern).is_some(), "{pattern}");
        }
        for pattern in ["*", "/a/*", "/{*}/{**}", "/{*}/b", "/a"] {
            assert!(path_problem(pattern).is_none(), "{pattern}");
            assert!(path_matches(pattern, &example(pattern)), "{pattern}");
        }
    }
}
