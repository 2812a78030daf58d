//! Secrets: fetched from where the policy says at the moment of use; never part of the policy, of a log or of a message.

use crate::domain::message::{Lang, config as msg};
use crate::domain::policy::Secret;
use secrecy::SecretString;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Why a secret could not be had. Shows where it was looked for, never what was found.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("{}", msg::secret_no_directory(Lang::En, .0))]
    NoCredentials(String),
    #[error("{}", msg::secret_unreadable(Lang::En, .0.display()))]
    Unreadable(PathBuf, #[source] std::io::Error),
    #[error("{}", msg::secret_open_to_others(Lang::En, .0.display()))]
    OpenToOthers(PathBuf),
    #[error("{}", msg::secret_empty(Lang::En, .0))]
    Empty(String),
    #[error("{}", msg::secret_no_variable(Lang::En, .0))]
    NoVariable(String),
}

impl SecretError {
    /// The same in the reader's language.
    pub fn message(&self, lang: Lang) -> String {
        match self {
            SecretError::NoCredentials(name) => msg::secret_no_directory(lang, name),
            SecretError::Unreadable(path, _) => msg::secret_unreadable(lang, path.display()),
            SecretError::OpenToOthers(path) => msg::secret_open_to_others(lang, path.display()),
            SecretError::Empty(place) => msg::secret_empty(lang, place),
            SecretError::NoVariable(name) => msg::secret_no_variable(lang, name),
        }
    }
    /// What to do about it.
    pub fn hint(&self, lang: Lang) -> String {
        match self {
            SecretError::NoCredentials(name) => msg::hint_secret_credential(lang, name),
            SecretError::Unreadable(..) => msg::hint_secret_unreadable(lang),
            SecretError::OpenToOthers(path) => msg::hint_secret_open(lang, path.display()),
            SecretError::Empty(_) => msg::hint_secret_empty(lang),
            SecretError::NoVariable(name) => msg::hint_secret_variable(lang, name),
        }
    }
}

/// The secret, with one trailing newline taken off.
pub fn read(secret: &Secret) -> Result<SecretString, SecretError> {
    match secret {
        Secret::Credential(name) => {
            let folder = std::env::var_os("CREDENTIALS_DIRECTORY")
                .filter(|d| !d.is_empty())
                .ok_or_else(|| SecretError::NoCredentials(name.clone()))?;
            // systemd keeps the folder to the service's user; the files' own modes are not ours to judge.
            let path = Path::new(&folder).join(name);
            let text = std::fs::read_to_string(&path).map_err(|e| SecretError::Unreadable(path.clone(), e))?;
            settle(text, || path.display().to_string())
        }
        Secret::File(path) => settle(private_file(path)?, || path.display().to_string()),
        Secret::Env(name) => {
            let text = std::env::var(name).map_err(|_| SecretError::NoVariable(name.clone()))?;
            settle(text, || name.clone())
        }
    }
}

fn private_file(path: &Path) -> Result<String, SecretError> {
    use std::io::Read as _;
    let unreadable = |e| SecretError::Unreadable(path.to_path_buf(), e);
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    #[cfg(unix)]
    {
        // Of the open file, so that nobody can swap it in between.
        use std::os::unix::fs::MetadataExt as _;
        let mode = file.metadata().map_err(unreadable)?.mode();
        if mode & 0o077 != 0 {
            return Err(SecretError::OpenToOthers(path.to_path_buf()));
        }
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

fn settle(text: String, place: impl Fn() -> String) -> Result<SecretString, SecretError> {
    let text = Zeroizing::new(text);
    let bare = text.strip_suffix('\n').map_or(text.as_str(), |t| t.strip_suffix('\r').unwrap_or(t));
    if bare.is_empty() {
        return Err(SecretError::Empty(place()));
    }
    Ok(SecretString::from(bare.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    fn file(text: &str, mode: u32) -> (tempfile::TempDir, Secret) {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("secret");
        std::fs::write(&path, text).expect("a file in it");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("its mode");
        (dir, Secret::File(path))
    }

    #[test]
    fn one_newline_is_no_part_of_a_secret() {
        fn check(text: &str, want: Option<&str>) {
            let (_dir, secret) = file(text, 0o600);
            let got = read(&secret).ok();
            assert_eq!(got.as_ref().map(|s| s.expose_secret()), want, "{text:?}");
        }
        check("abc\n", Some("abc"));
        check("abc\r\n", Some("abc"));
        check("abc\n\n", Some("abc\n"));
        check("abc", Some("abc"));
        check("\n", None);
        check("", None);
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_without_its_text() {
        for mode in [0o644, 0o640, 0o604, 0o660] {
            let (_dir, secret) = file("topsecret", mode);
            let e = read(&secret).expect_err("others can read it");
            assert!(matches!(e, SecretError::OpenToOthers(_)));
            assert!(!format!("{e} {e:?} {}", e.message(Lang::Zh)).contains("topsecret"));
        }
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let e = read(&Secret::Env("KONGCHUO_NO_SUCH".into())).expect_err("it is not set");
        assert!(e.message(Lang::Zh).contains("KONGCHUO_NO_SUCH"));
    }
}
