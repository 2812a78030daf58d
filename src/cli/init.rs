//! `init`: writes a complete commented example township with a key of its own. Writes over nothing.

use super::{CliError, Context, Exit};
use crate::domain::message::{Lang, config as msg};
use crate::store::vault::Key;
use std::io::Write as _;
use std::path::Path;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// The folder to write into; made if it is not there, refused if it already has a kongchuo.yaml.
    pub dir: std::path::PathBuf,
}

/// The example: what stands in `config/` of the project.
const FILES: [(&str, &str); 13] = [
    ("calendar.yaml", include_str!("../../config/calendar.yaml")),
    ("schools.yaml", include_str!("../../config/schools.yaml")),
    ("sources.yaml", include_str!("../../config/sources.yaml")),
    ("rules.yaml", include_str!("../../config/rules.yaml")),
    ("ladders.yaml", include_str!("../../config/ladders.yaml")),
    ("contacts.yaml", include_str!("../../config/contacts.yaml")),
    ("channels.yaml", include_str!("../../config/channels.yaml")),
    ("holidays/2026.json", include_str!("../../config/holidays/2026.json")),
    ("reference.md", include_str!("../../config/reference.md")),
    ("reference.zh.md", include_str!("../../config/reference.zh.md")),
    ("rules-reference.en.md", include_str!("../../config/rules-reference.en.md")),
    ("rules-reference.zh.md", include_str!("../../config/rules-reference.zh.md")),
    // Last: while it is missing, the folder is not taken for a finished configuration.
    ("kongchuo.yaml", include_str!("../../config/kongchuo.yaml")),
];

const FOLDERS: [&str; 6] = [
    "inbox/cs-primary-register",
    "inbox/cs-primary",
    "inbox/cs-junior-register",
    "inbox/cs-junior",
    "inbox/leave",
    "inbox/feedback",
];

pub fn run(context: &Context, args: &Args) -> Result<Exit, CliError> {
    let lang = context.lang;
    let dir = &args.dir;
    let present =
        FILES.iter().rev().map(|(name, _)| *name).chain(["secrets/seal.key"]).find(|name| dir.join(name).exists());
    if let Some(name) = present {
        let path = dir.join(name);
        return Err(CliError::usage(msg::init_exists(lang, path.display())).hint(msg::hint_init_exists(lang)));
    }
    for folder in ["holidays", "secrets"].iter().chain(&FOLDERS) {
        let path = dir.join(folder);
        std::fs::create_dir_all(&path).map_err(|e| failed(&path, lang, e))?;
    }
    private_folder(&dir.join("secrets"), lang)?;
    let key = Key::generate_hex()
        .map_err(|e| CliError::environment(msg::init_failed(lang, "secrets/seal.key")).because(e))?;
    write_new(&dir.join("secrets/seal.key"), &format!("{key}\n"), 0o600, lang)?;
    for (name, text) in FILES {
        write_new(&dir.join(name), text, 0o640, lang)?;
    }
    let config = dir.join("kongchuo.yaml");
    if context.json {
        outln!("{}", serde_json::json!({ "config": config }));
    } else {
        outln!("{}", msg::init_done(lang, dir.display()));
        outln!("{}", msg::init_next(lang, config.display()));
    }
    Ok(Exit::Ok)
}

/// Nobody else looks in, whatever the umask.
fn private_folder(path: &Path, lang: Lang) -> Result<(), CliError> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).map_err(|e| failed(path, lang, e))
}

fn write_new(path: &Path, text: &str, mode: u32, lang: Lang) -> Result<(), CliError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(mode).open(path);
    file.and_then(|mut f| f.write_all(text.as_bytes()).and_then(|()| f.sync_all())).map_err(|e| failed(path, lang, e))
}

fn failed(path: &Path, lang: Lang, e: std::io::Error) -> CliError {
    CliError::environment(msg::init_failed(lang, path.display())).because(e)
}
