//! raw (types = the files) → compile (pure; collects every Problem) → Policy; secrets. Reads its own files and nothing
//! else; `load` takes them as one snapshot, so that what is checked is what is used.

pub mod compile;
pub mod leaf;
pub mod manual;
pub mod problem;
pub mod raw;
pub mod read;
pub mod schedule;
pub mod secrets;
pub mod snapshot;
pub mod tree;

pub use problem::{Problem, Severity};

use crate::domain::policy::{Policy, PolicyFile, Secret};
use read::Read as _;
use snapshot::{Gathered, Snapshot};
use std::path::{Path, PathBuf};

/// A configuration that can be used.
pub struct Loaded {
    pub policy: Policy,
    /// Warnings and notes, in the order of the files.
    pub warnings: Vec<Problem>,
    /// Every file that was read, the root first: what a reload looks at.
    pub files: Vec<PathBuf>,
}

/// Reads and compiles a root file with everything it includes. `Err`: all problems, warnings and notes among them.
pub fn load(path: &Path) -> Result<Loaded, Vec<Problem>> {
    load_with(path, &[])
}

/// The same with some sections taken from other files, in place of what the configuration says there: a map with the
/// section in it (what else it holds is left alone), or just what would stand under its name.
pub fn load_with(path: &Path, instead: &[(&'static str, PathBuf)]) -> Result<Loaded, Vec<Problem>> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let base = absolute.parent().map_or_else(|| PathBuf::from("/"), Path::to_path_buf);
    let mut snapshot = Snapshot::new(base);
    snapshot.instead = instead.to_vec();
    let gathered = snapshot::gather(&mut snapshot, &path.display().to_string(), &absolute);
    finish(gathered, snapshot)
}

/// Compiles a configuration that was kept by an earlier `load` (`Policy::files`); nothing is read from the disk.
pub fn restore(files: &[PolicyFile]) -> Result<Loaded, Vec<Problem>> {
    let root = files.first().map_or_else(|| PathBuf::from("/"), |f| f.path.clone());
    let base = root.parent().map_or_else(|| PathBuf::from("/"), Path::to_path_buf);
    let mut snapshot = Snapshot::of(base, files.to_vec());
    let gathered = snapshot::gather(&mut snapshot, &root.display().to_string(), &root);
    finish(gathered, snapshot)
}

/// Where the data of a configuration lie and where their key comes from, even while the rest of it has problems: read from
/// the two sections of the root file alone.
pub fn whereabouts(path: &Path) -> Option<(PathBuf, Secret)> {
    let absolute = std::path::absolute(path).ok()?;
    let text = String::from_utf8(std::fs::read(&absolute).ok()?).ok()?;
    let mut wanted = false;
    let mut two = String::new();
    for line in text.trim_start_matches('\u{feff}').lines() {
        if line.starts_with(|c: char| !c.is_whitespace() && c != '#') {
            wanted = line.starts_with("data_dir:") || line.starts_with("seal:");
        }
        if wanted {
            two.push_str(line);
            two.push('\n');
        }
    }
    let mut snapshot = Snapshot::new(absolute.parent()?.to_path_buf());
    let Gathered { root, mut problems, .. } = snapshot::gather_inline(&mut snapshot, "", &two, 1);
    let raw = raw::Root::read(&root, &mut problems)?;
    let policy = compile::compile(&raw, &mut problems, &mut snapshot);
    Some((policy.data_dir, policy.seal))
}

/// Compiles a root configuration given as a text. Relative paths count from `base`; `line_offset` lines of `origin`
/// stand before it.
pub fn compile_inline(yaml: &str, base: &Path, origin: &str, line_offset: u32) -> Result<Loaded, Vec<Problem>> {
    let mut snapshot = Snapshot::new(std::path::absolute(base).unwrap_or_else(|_| base.to_path_buf()));
    let gathered = snapshot::gather_inline(&mut snapshot, origin, yaml, line_offset.saturating_add(1));
    finish(gathered, snapshot)
}

/// Compiles the map that begins at this line and column (from 1) of a text: a configuration inside a story.
pub fn compile_inside(text: &str, line: u32, column: u32, base: &Path, origin: &str) -> Result<Loaded, Vec<Problem>> {
    let mut snapshot = Snapshot::new(std::path::absolute(base).unwrap_or_else(|_| base.to_path_buf()));
    let gathered = snapshot::gather_inside(&mut snapshot, origin, text, line, column);
    finish(gathered, snapshot)
}

fn finish(gathered: Gathered, mut snapshot: Snapshot) -> Result<Loaded, Vec<Problem>> {
    let Gathered { root, mut problems, whole } = gathered;
    let raw = if root.is_null() { None } else { raw::Root::read(&root, &mut problems) };
    // While a file cannot be read, what the others say about its sections would be a second report of the same.
    let policy = raw.filter(|_| whole).map(|raw| compile::compile(&raw, &mut problems, &mut snapshot));
    let failed = problems.has_errors();
    let list = problems.sorted();
    match policy {
        Some(policy) if !failed => Ok(Loaded { policy, warnings: list, files: snapshot.files }),
        _ => Err(list),
    }
}
