//! The folder channel: one file a letter, DATE/ROLE-LETTER.txt, or .eml when the letter has a subject or attachments.
//! Attachments lie beside it too, DATE/ROLE-LETTER-NAME, for people without a mail program. A file is complete when it has
//! its name; the same letter again replaces the same files. Knows nothing of mail beyond asking `email` for the bytes.

use super::{Opening, email};
use crate::domain::letter::{Attachment, Dispatch, Outcome};
use crate::domain::message::{Lang, run as words};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    zone: chrono_tz::Tz,
    lang: Lang,
}

impl Folder {
    pub fn open(path: &Path, with: Opening<'_>) -> Self {
        Folder { path: path.to_owned(), zone: with.zone, lang: with.lang }
    }

    pub async fn send(&self, dispatch: &Dispatch) -> Outcome {
        let files = match self.files(dispatch) {
            Ok(files) => files,
            Err(outcome) => return outcome,
        };
        let day = self.path.join(dispatch.at.format("%Y-%m-%d").to_string());
        let written = tokio::task::spawn_blocking(move || write_all(&day, &files)).await;
        match written {
            Ok(Ok(())) => Outcome::Accepted(None),
            Ok(Err(e)) => self.failed(&e),
            Err(_) => Outcome::Unknown(words::letter_interrupted(self.lang)),
        }
    }

    /// The same at once, for a world without async (the demo).
    pub fn put(&self, dispatch: &Dispatch) -> Outcome {
        let files = match self.files(dispatch) {
            Ok(files) => files,
            Err(outcome) => return outcome,
        };
        match write_all(&self.path.join(dispatch.at.format("%Y-%m-%d").to_string()), &files) {
            Ok(()) => Outcome::Accepted(None),
            Err(e) => self.failed(&e),
        }
    }

    pub async fn probe(&self) -> Result<(), String> {
        let path = self.path.clone();
        let lang = self.lang;
        let probed = tokio::task::spawn_blocking(move || {
            let name = ".probe";
            write(&path, name, b"").and_then(|()| std::fs::remove_file(path.join(name)))
        });
        match probed.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(e)) => Err(words::folder_refuses(lang, self.path.display(), e.kind())),
            Err(_) => Err(words::letter_interrupted(lang)),
        }
    }

    /// The letter comes last: when it has its name, what belongs to it is there.
    fn files(&self, dispatch: &Dispatch) -> Result<Vec<(String, Vec<u8>)>, Outcome> {
        let role: String = dispatch.to.role.as_str().chars().map(|c| if fits_a_name(c) { c } else { '_' }).collect();
        let stem = format!("{role}-{}", dispatch.letter);
        if dispatch.subject.is_none() && dispatch.attachments.is_empty() {
            return Ok(vec![(format!("{stem}.txt"), self.plain(dispatch).into_bytes())]);
        }
        let bytes = email::to_a_file(dispatch, self.zone)
            .map_err(|e| Outcome::BadMessage(words::message_not_composed(self.lang, e)))?;
        let beside = |a: &Attachment| {
            let fits = |c: char| if c.is_control() || "/\\:*?\"<>|".contains(c) { '_' } else { c };
            (format!("{stem}-{}", a.file_name.chars().map(fits).collect::<String>()), a.bytes.clone())
        };
        let mut files: Vec<_> = dispatch.attachments.iter().map(beside).collect();
        files.push((format!("{stem}.eml"), bytes));
        Ok(files)
    }

    /// Headers like those of a mail, an empty line, the text: readable for people and for a script that passes it on.
    fn plain(&self, dispatch: &Dispatch) -> String {
        let at = chrono::TimeZone::from_local_datetime(&self.zone, &dispatch.at).earliest();
        let at = at.map(|t| t.to_rfc3339_opts(chrono::SecondsFormat::Secs, false)).unwrap_or_default();
        let one_line = |s: &str| s.split_whitespace().collect::<Vec<_>>().join(" ");
        format!(
            "To: {} <{}>\nRole: {}\nDate: {at}\nLetter: {}\n\n{}\n",
            one_line(&dispatch.to.name),
            one_line(&dispatch.to.address),
            dispatch.to.role,
            dispatch.key,
            dispatch.text
        )
    }

    fn failed(&self, e: &std::io::Error) -> Outcome {
        let why = words::folder_refuses(self.lang, self.path.display(), e.kind());
        match e.kind() {
            // A person must mend these; retrying does not.
            ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::NotADirectory
            | ErrorKind::AlreadyExists => Outcome::ChannelDown(why),
            _ => Outcome::Passing(why),
        }
    }
}

/// Characters of a role's id that are harmless in a file name everywhere.
fn fits_a_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

fn write_all(folder: &Path, files: &[(String, Vec<u8>)]) -> std::io::Result<()> {
    files.iter().try_for_each(|(name, bytes)| write(folder, name, bytes))
}

/// Whole or not at all: a temporary name in the same folder, synced, renamed, the folder synced.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let part = folder.join(format!(".{name}.part"));
    let mut file = std::fs::File::create(&part)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    drop(file);
    if let Err(e) = written.and_then(|()| std::fs::rename(&part, folder.join(name))) {
        let _ = std::fs::remove_file(&part);
        return Err(e);
    }
    std::fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{letter, opening};
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut all: Vec<String> = std::fs::read_dir(folder)
            .expect("the day's folder is there")
            .map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        all.sort();
        all
    }

    #[tokio::test]
    async fn the_same_letter_again_replaces_the_same_file() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(dir.path(), opening());
        let mut one = letter("13900000001", "张小雨家长：您的孩子9月16日未到校。");
        assert_eq!(folder.send(&one).await, Outcome::Accepted(None));
        one.attempt = 2;
        one.text = "再说一遍".into();
        assert_eq!(folder.send(&one).await, Outcome::Accepted(None));
        let day = dir.path().join("2026-09-16");
        assert_eq!(names(&day), ["guardian-L-000007.txt"]);
        let text = std::fs::read_to_string(day.join("guardian-L-000007.txt")).expect("it is text");
        assert_eq!(
            text,
            "To: 张父 <13900000001>\nRole: guardian\nDate: 2026-09-16T09:31:00+08:00\nLetter: k7\n\n再说一遍\n"
        );
    }

    #[tokio::test]
    async fn a_letter_with_a_subject_or_an_attachment_is_a_mail() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(dir.path(), opening());
        let mut one = letter("13900000001", "正文");
        one.subject = Some("缺课情况".into());
        one.attachments.push(Attachment {
            file_name: "书面报告/1.docx".into(),
            media_type: "application/octet-stream".into(),
            bytes: vec![0, 1, 2],
        });
        assert_eq!(folder.send(&one).await, Outcome::Accepted(None));
        let day = dir.path().join("2026-09-16");
        assert_eq!(names(&day), ["guardian-L-000007-书面报告_1.docx", "guardian-L-000007.eml"]);
        assert_eq!(std::fs::read(day.join("guardian-L-000007-书面报告_1.docx")).expect("there"), [0, 1, 2]);
        let text = std::fs::read_to_string(day.join("guardian-L-000007.eml")).expect("mail is ASCII");
        assert!(text.contains("X-Kongchuo-Letter: k7\r\n"), "{text}");
    }

    #[tokio::test]
    async fn a_folder_that_is_a_file_stops_the_channel() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("letters");
        std::fs::write(&path, b"").expect("a file");
        let folder = Folder::open(&path, opening());
        assert!(matches!(folder.send(&letter("13900000001", "…")).await, Outcome::ChannelDown(_)));
        assert!(folder.probe().await.is_err());
    }

    #[tokio::test]
    async fn a_role_with_odd_characters_stays_inside_the_folder() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(dir.path(), opening());
        let mut one = letter("13900000001", "…");
        one.to.role = crate::domain::ids::Role::new("../../司法所 1");
        assert_eq!(folder.send(&one).await, Outcome::Accepted(None));
        assert_eq!(names(&dir.path().join("2026-09-16")), ["______司法所_1-L-000007.txt"]);
    }
}
