//! Snapshot: the bytes of a configuration, root, included files and holidays, read once, so that what is checked is what is
//! used and its hash names it. Nothing else of the program reads these files.

use super::problem::{Pos, Problems, SourceText, say};
use super::tree::{self, Key, Node, Value};
use crate::domain::policy::PolicyFile;
use sha2::{Digest, Sha256};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Files beyond this size are no configuration.
const BYTES_MAX: u64 = 8 << 20;

/// What was read, and the digest over it.
pub struct Snapshot {
    /// The folder that relative paths count from. Absolute.
    pub base: PathBuf,
    /// Every file read, in order.
    pub files: Vec<PathBuf>,
    /// The same with their bytes.
    pub kept: Vec<PolicyFile>,
    /// What is read in place of the disk: a configuration that was kept.
    stored: Option<Vec<PolicyFile>>,
    /// Sections that come from these files, whatever the configuration says there.
    pub instead: Vec<(&'static str, PathBuf)>,
    digest: Sha256,
}

impl Snapshot {
    pub fn new(base: PathBuf) -> Self {
        Snapshot { base, files: Vec::new(), kept: Vec::new(), stored: None, instead: Vec::new(), digest: Sha256::new() }
    }

    /// One that reads what was kept of an earlier one, and nothing else.
    pub fn of(base: PathBuf, stored: Vec<PolicyFile>) -> Self {
        Snapshot { stored: Some(stored), ..Snapshot::new(base) }
    }

    /// An absolute path; `./` and inner `..` are kept as they are.
    pub fn path(&self, written: &str) -> PathBuf {
        let written = Path::new(written);
        let relative = written.strip_prefix("./").unwrap_or(written);
        if relative.as_os_str().is_empty() { self.base.clone() } else { self.base.join(relative) }
    }

    /// The bytes of a file, which become part of the hash.
    pub fn bytes(&mut self, path: &Path) -> std::io::Result<Vec<u8>> {
        let bytes = match &self.stored {
            Some(stored) => {
                let known = stored.iter().find(|f| f.path == path).map(|f| f.bytes.clone());
                known.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotFound))?
            }
            None => {
                if std::fs::metadata(path)?.len() > BYTES_MAX {
                    return Err(std::io::Error::other("too large"));
                }
                std::fs::read(path)?
            }
        };
        self.kept.push(PolicyFile { path: path.to_path_buf(), bytes: bytes.clone() });
        let name = path.strip_prefix(&self.base).unwrap_or(path).to_string_lossy().into_owned();
        self.take(&name, &bytes);
        self.files.push(path.to_path_buf());
        Ok(bytes)
    }

    pub fn take(&mut self, name: &str, bytes: &[u8]) {
        // With their lengths, so that moving text from one file to the next is a change.
        for part in [name.as_bytes(), bytes] {
            self.digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            self.digest.update(part);
        }
    }

    /// First 16 hex digits of the hash over all bytes read.
    pub fn hash(&self) -> String {
        hex::encode(self.digest.clone().finalize())[..16].to_string()
    }
}

/// The sections of all files as one map, and the texts to quote from.
pub struct Gathered {
    pub root: Node,
    pub problems: Problems,
    /// Every file could be read: what is missing is missing.
    pub whole: bool,
}

type Pending = Vec<(Pos, crate::domain::message::Text, Option<crate::domain::message::Text>)>;

/// Reads the root and what it includes. `None` for the root's text: it could not be read.
pub fn gather(snapshot: &mut Snapshot, name: &str, path: &Path) -> Gathered {
    let mut pending = Pending::new();
    match text_of(snapshot, path) {
        Ok(text) => gather_text(snapshot, name, &text, 1, pending),
        Err(why) => {
            pending.push((Pos::default(), why, Some(say!(hint_no_root))));
            finish(vec![source(name, "", 1)], empty(), pending)
        }
    }
}

/// The same for a text that is already there; `first_line` is the line of its file on which it begins.
pub fn gather_inline(snapshot: &mut Snapshot, name: &str, text: &str, first_line: u32) -> Gathered {
    snapshot.take("", text.as_bytes());
    gather_text(snapshot, name, text, first_line, Pending::new())
}

/// The same for a map that stands inside another file: at this line and column of `text`.
pub fn gather_inside(snapshot: &mut Snapshot, name: &str, text: &str, line: u32, column: u32) -> Gathered {
    // A story may hold several: the place says which.
    snapshot.take(&format!("{line}:{column}"), text.as_bytes());
    let mut pending = Pending::new();
    let node = match tree::parse(text, 0) {
        // A reader that counts columns otherwise still knows the line.
        Ok(whole) => find(&whole, line, Some(column)).or_else(|| find(&whole, line, None)).cloned(),
        Err(e) => {
            pending.push((e.pos, say!(bad_yaml, e.reason), Some(say!(hint_bad_yaml))));
            None
        }
    };
    let files = vec![source(name, text, 1)];
    match node {
        Some(node) => include(snapshot, files, node, pending),
        None => {
            if pending.is_empty() {
                let pos = Pos { file: 0, line, column };
                pending.push((pos, say!(want_map, "…"), Some(say!(hint_want_map))));
            }
            finish(files, empty(), pending)
        }
    }
}

fn find(node: &Node, line: u32, column: Option<u32>) -> Option<&Node> {
    if node.map().is_some() && node.pos.line == line && column.is_none_or(|c| c == node.pos.column) {
        return Some(node);
    }
    match &node.value {
        Value::Map(entries) => entries.iter().find_map(|(_, v)| find(v, line, column)),
        Value::Seq(items) => items.iter().find_map(|v| find(v, line, column)),
        _ => None,
    }
}

fn gather_text(snapshot: &mut Snapshot, name: &str, text: &str, first_line: u32, mut pending: Pending) -> Gathered {
    let files = vec![source(name, text, first_line)];
    match tree::parse(text, 0) {
        Ok(root) => include(snapshot, files, root, pending),
        Err(e) => {
            pending.push((e.pos, say!(bad_yaml, e.reason), Some(say!(hint_bad_yaml))));
            finish(files, empty(), pending)
        }
    }
}

/// Adds the sections of the included files to the root's.
fn include(snapshot: &mut Snapshot, mut files: Vec<SourceText>, root: Node, mut pending: Pending) -> Gathered {
    let named: Vec<Node> = match root.get("include") {
        Some(n) => n.seq().map_or_else(|| vec![n.clone()], <[Node]>::to_vec),
        None => Vec::new(),
    };
    let Value::Map(mut sections) = root.value else {
        return finish(files, root, pending);
    };
    for item in &named {
        // A name that is no text is reported when the root is read.
        let Some(written) = item.text() else { continue };
        let path = snapshot.path(written);
        let text = match text_of(snapshot, &path) {
            Ok(text) => text,
            Err(why) => {
                pending.push((item.pos, why, Some(say!(hint_include))));
                continue;
            }
        };
        let number = u16::try_from(files.len()).unwrap_or(u16::MAX);
        files.push(source(&display(snapshot, &files, &path), &text, 1));
        match tree::parse(&text, number) {
            Err(e) => pending.push((e.pos, say!(bad_yaml, e.reason), Some(say!(hint_bad_yaml)))),
            Ok(node) => match node.value {
                Value::Map(entries) => {
                    for (key, value) in entries {
                        adopt(&mut sections, key, value, &files, &mut pending);
                    }
                }
                _ => pending.push((node.pos, say!(want_map, "…"), Some(say!(hint_want_map)))),
            },
        }
    }
    for (section, path) in std::mem::take(&mut snapshot.instead) {
        replace(snapshot, &mut sections, section, &path, &mut files, &mut pending);
    }
    finish(files, Node { pos: root.pos, value: Value::Map(sections) }, pending)
}

/// A section out of another file, in place of the configuration's own.
fn replace(
    snapshot: &mut Snapshot,
    sections: &mut Vec<(Key, Node)>,
    section: &'static str,
    path: &Path,
    files: &mut Vec<SourceText>,
    pending: &mut Pending,
) {
    let number = u16::try_from(files.len()).unwrap_or(u16::MAX);
    let shown = path.display().to_string();
    let text = text_of(snapshot, path);
    files.push(source(&shown, text.as_deref().unwrap_or_default(), 1));
    let start = Pos { file: number, line: 1, column: 1 };
    let node = match text.map(|text| tree::parse(&text, number)) {
        Err(why) => return pending.push((start, why, Some(say!(hint_no_section_file)))),
        Ok(Err(e)) => return pending.push((e.pos, say!(bad_yaml, e.reason), Some(say!(hint_bad_yaml)))),
        Ok(Ok(node)) => node,
    };
    let found = match node.value {
        Value::Seq(_) => Some((Key { pos: node.pos, text: section.to_owned() }, node)),
        Value::Map(entries) => entries.into_iter().find(|(key, _)| key.text == section),
        _ => None,
    };
    let Some(found) = found else {
        return pending.push((start, say!(section_missing, section), Some(say!(hint_section_missing, section))));
    };
    sections.retain(|(key, _)| key.text != section);
    sections.push(found);
}

fn adopt(sections: &mut Vec<(Key, Node)>, key: Key, value: Node, files: &[SourceText], pending: &mut Pending) {
    if key.text == "include" {
        pending.push((key.pos, say!(include_nested), Some(say!(hint_include_nested))));
        return;
    }
    let first = sections.iter().find(|(k, _)| k.text == key.text && k.pos.file != key.pos.file);
    if let Some((first, _)) = first {
        let place = files
            .get(usize::from(first.pos.file))
            .map_or_else(String::new, |f| format!("{}:{}", f.name, first.pos.line + f.first_line - 1));
        pending.push((key.pos, say!(section_twice, key.text, place), Some(say!(hint_section_twice))));
        return;
    }
    sections.push((key, value));
}

fn finish(files: Vec<SourceText>, root: Node, pending: Pending) -> Gathered {
    let mut problems = Problems::new(files);
    let whole = pending.is_empty();
    for (pos, text, way_out) in pending {
        problems.error(pos, text, way_out);
    }
    Gathered { root, problems, whole }
}

fn empty() -> Node {
    Node { pos: Pos::default(), value: Value::Null }
}

fn source(name: &str, text: &str, first_line: u32) -> SourceText {
    SourceText { name: Arc::from(name), text: Arc::from(text), first_line }
}

/// As the reader of a message would name an included file: like the root, with the root's folder in front.
fn display(snapshot: &Snapshot, files: &[SourceText], path: &Path) -> String {
    let root = files.first().map(|f| f.name.to_string()).unwrap_or_default();
    match (path.strip_prefix(&snapshot.base), Path::new(&root).parent()) {
        (Ok(relative), Some(folder)) => plain(&folder.join(relative)).display().to_string(),
        _ => path.display().to_string(),
    }
}

/// Without inner `..`; only for show, since a link may lead elsewhere.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

fn text_of(snapshot: &mut Snapshot, path: &Path) -> Result<String, crate::domain::message::Text> {
    let shown = path.display().to_string();
    match snapshot.bytes(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            // Editors on Windows put a byte order mark in front.
            Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_string).unwrap_or(text)),
            Err(_) => Err(say!(not_utf8, shown)),
        },
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(say!(no_file, shown)),
        Err(e) => Err(say!(unreadable_file, shown, e)),
    }
}
