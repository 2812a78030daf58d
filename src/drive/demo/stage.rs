//! The folder of the demo: configuration, key and empty inboxes, as `init` and the schools would have made them.

use crate::drive::township::Township;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes the township's files below `dir` and returns the root configuration. `key`: 64 hex digits.
pub fn prepare(dir: &Path, township: &Township, key: &str) -> io::Result<PathBuf> {
    fs::create_dir_all(dir)?;
    let dir = dir.canonicalize()?;
    for (name, text) in township.configuration() {
        let path = dir.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
    }
    write_key(&dir.join("seal.key"), key)?;
    for source in township.exports.iter().map(|e| &e.source) {
        fs::create_dir_all(dir.join("inbox").join(source))?;
    }
    Ok(dir.join("kongchuo.yaml"))
}

/// Nobody else may read it.
fn write_key(path: &Path, key: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(key.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::township::Size;

    #[test]
    fn the_folder_holds_a_configuration_a_closed_key_and_an_inbox_for_each_source() {
        let dir = tempfile::tempdir().expect("a folder");
        let township = Township::make(1, Size::Small);
        let root = prepare(dir.path(), &township, &"17".repeat(32)).expect("the folder can be written");
        assert!(root.ends_with("kongchuo.yaml") && root.exists());
        for source in ["register", "cs-primary-roll", "cs-junior-roll", "xt-point-roll", "ys-school-roll"] {
            assert!(dir.path().join("inbox").join(source).is_dir(), "{source}");
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(dir.path().join("seal.key")).expect("the key").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
