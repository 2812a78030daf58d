//! Papers in a real word processor: LibreOffice opens each draft, and its pages say what they should.

use super::there_is;
use crate::papers;
use kongchuo::document::{Facts, compose};
use kongchuo::domain::message::Lang;
use kongchuo::domain::paper::Paper;
use std::path::Path;
use std::process::Command;

fn missing() -> Option<&'static str> {
    let starts = |program: &str, ask: &str| Command::new(program).arg(ask).output().is_ok();
    if !starts("soffice", "--version") {
        Some("LibreOffice is not installed")
    } else if !starts("pdftotext", "-v") {
        Some("pdftotext is not installed")
    } else {
        None
    }
}

/// The text of each page of each file, without what a line break or a space makes of it.
fn pages(folder: &Path, drafts: &[Draft]) -> Vec<Vec<String>> {
    let file = |d: &Draft, ending: &str| folder.join(format!("{}.{ending}", d.name));
    for d in drafts {
        std::fs::write(file(d, "docx"), compose(d.paper, &d.facts)).expect("written");
    }
    let profile = format!("-env:UserInstallation=file://{}", folder.join("profile").display());
    let converted = Command::new("soffice")
        .args([&profile, "--headless", "--convert-to", "pdf", "--outdir"])
        .arg(folder)
        .args(drafts.iter().map(|d| file(d, "docx")))
        .output()
        .expect("LibreOffice starts");
    assert!(converted.status.success(), "{}", String::from_utf8_lossy(&converted.stderr));
    let read = |d: &Draft| {
        let text = Command::new("pdftotext").arg(file(d, "pdf")).arg("-").output().expect("it starts");
        let text = String::from_utf8(text.stdout).expect("text");
        let dense = |page: &str| page.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        text.split('\u{c}').map(dense).filter(|p| !p.is_empty()).collect()
    };
    drafts.iter().map(read).collect()
}

struct Draft {
    name: &'static str,
    paper: Paper,
    facts: Facts,
    pages: usize,
    /// What stands on which page.
    wanted: &'static [(usize, &'static str)],
}

#[test]
fn libreoffice_opens_the_drafts_and_finds_their_text_on_the_right_pages() {
    if !there_is("drafts in LibreOffice", missing()) {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let draft = |name, paper, facts: fn(Lang) -> Facts, pages, wanted| {
        let facts = facts(Lang::Zh);
        Draft { name, paper, facts, pages, wanted }
    };
    let drafts = [
        draft(
            "report",
            Paper::WrittenReport,
            papers::full,
            3,
            &[
                (1, "草稿编号：520123104-2026-0007-02"),
                (1, "关于张小雨缺课及劝返情况的书面报告"),
                (1, "县教育局、春山镇人民政府："),
                (2, "校长（签名）："),
                (3, "附件缺课与劝返措施清单"),
                (3, "已联系上"),
            ],
        ),
        draft(
            "order",
            Paper::RectificationOrder,
            papers::full,
            3,
            &[
                (1, "责令限期改正通知书"),
                (1, "张父、李母："),
                (1, "《中华人民共和国义务教育法》第五十八条"),
                (3, "送达回证"),
                (3, "见证人签名（留置送达）"),
            ],
        ),
        draft("bare-report", Paper::WrittenReport, papers::bare, 3, &[(1, "草稿编号：尚未编号"), (3, "序号")]),
        draft("bare-order", Paper::RectificationOrder, papers::bare, 3, &[(1, "（监护人姓名）"), (3, "送达回证")]),
        // The head of the list stands on each of its pages.
        draft("long", Paper::WrittenReport, papers::long, 6, &[(3, "11月1日"), (4, "序号"), (5, "序号"), (6, "序号")]),
    ];
    for (d, found) in drafts.iter().zip(pages(dir.path(), &drafts)) {
        let name = d.name;
        assert_eq!(found.len(), d.pages, "{name}: {found:#?}");
        for (i, page) in found.iter().enumerate() {
            assert!(page.contains("草稿（未经审核签发，不具法律效力）"), "{name}, page {i}: {page}");
            assert!(page.contains(&format!("—{}—", i + 1)), "{name}, page {i}: {page}");
        }
        for (page, text) in d.wanted {
            assert!(found[page - 1].contains(text), "{name}, page {page}: “{text}” is not in {}", found[page - 1]);
        }
    }
}
