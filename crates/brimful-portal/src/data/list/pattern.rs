//! `LIKE` without regard to case.

/// What a text is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// Somewhere in the text.
    Contains(String),
    /// `%` is any run of letters, `_` any letter.
    Like(Vec<char>),
    /// Every one of the words somewhere in the text.
    Words(Vec<String>),
}

impl Pattern {
    pub(crate) fn contains(text: &str) -> Self {
        Self::Contains(text.to_lowercase())
    }

    pub(crate) fn like(text: &str) -> Self {
        Self::Like(text.to_lowercase().chars().collect())
    }

    pub(crate) fn words(text: &str) -> Self {
        Self::Words(
            text.to_lowercase()
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
        )
    }

    /// Whether `text`, in lower case, is found.
    pub(crate) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Contains(part) => text.contains(part.as_str()),
            Self::Like(pattern) => like(pattern, text),
            Self::Words(words) => words.iter().all(|word| text.contains(word.as_str())),
        }
    }
}

/// Goes back only to the last `%`, so that no pattern makes it slow.
fn like(pattern: &[char], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('%') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&letter) if letter == '_' || letter == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                p = at + 1;
                t = from + 1;
            }
        }
    }
    pattern[p..].iter().all(|&letter| letter == '%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_is_any_run_and_underscore_any_letter() {
        for (pattern, text, expected) in [
            ("Дог%", "договор", true),
            ("%вор", "договор", true),
            ("%гов%", "договор", true),
            ("д_говор", "договор", true),
            ("договор", "договор", true),
            ("догов", "договор", false),
            ("%", "", true),
            ("", "", true),
            ("_", "", false),
            ("%a%a%a%a%a%b", "aaaaaaaaaaaaaaaaaaaaaaaa", false),
        ] {
            assert_eq!(
                Pattern::like(pattern).matches(text),
                expected,
                "{pattern} {text}"
            );
        }
    }
}
