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

/// The text of each page, without what a line break or a space makes of it.
fn pages(folder: &Path, name: &str, paper: Paper, facts: &Facts) -> Vec<String> {
    let file = folder.join(format!("{name}.docx"));
    std::fs::write(&file, compose(paper, facts)).expect("written");
    let profile = format!("-env:UserInstallation=file://{}", folder.join("profile").display());
    let converted = Command::new("soffice")
        .args([&profile, "--headless", "--convert-to", "pdf", "--outdir"])
        .args([folder, &file])
        .output()
        .expect("LibreOffice starts");
    assert!(converted.status.success(), "{}", String::from_utf8_lossy(&converted.stderr));
    let text = Command::new("pdftotext").arg(folder.join(format!("{name}.pdf"))).arg("-").output().expect("it starts");
    let text = String::from_utf8(text.stdout).expect("text");
    let dense = |page: &str| page.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    text.split('\u{c}').map(dense).filter(|p| !p.is_empty()).collect()
}

#[test]
fn libreoffice_opens_the_drafts_and_finds_their_text_on_the_right_pages() {
    if !there_is("drafts in LibreOffice", missing()) {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let check = |name: &str, paper: Paper, facts: &Facts, count: usize, wanted: &[(usize, &str)]| {
        let found = pages(dir.path(), name, paper, facts);
        assert_eq!(found.len(), count, "{name}: {found:#?}");
        for (i, page) in found.iter().enumerate() {
            assert!(page.contains("草稿（未经审核签发，不具法律效力）"), "{name}, page {i}: {page}");
            assert!(page.contains(&format!("—{}—", i + 1)), "{name}, page {i}: {page}");
        }
        for (page, text) in wanted {
            assert!(found[page - 1].contains(text), "{name}, page {page}: “{text}” is not in {}", found[page - 1]);
        }
    };
    let full = papers::full(Lang::Zh);
    check(
        "report",
        Paper::WrittenReport,
        &full,
        3,
        &[
            (1, "草稿编号：520123104-2026-0007-02"),
            (1, "关于张小雨缺课及劝返情况的书面报告"),
            (1, "县教育局、春山镇人民政府："),
            (2, "校长（签名）："),
            (3, "附件缺课与劝返措施清单"),
            (3, "已联系上"),
        ],
    );
    check(
        "order",
        Paper::RectificationOrder,
        &full,
        3,
        &[
            (1, "责令限期改正通知书"),
            (1, "张父、李母："),
            (1, "《中华人民共和国义务教育法》第五十八条"),
            (3, "送达回证"),
            (3, "见证人签名（留置送达）"),
        ],
    );
    check("bare-report", Paper::WrittenReport, &papers::bare(Lang::Zh), 3, &[(1, "草稿编号：尚未编号"), (3, "序号")]);
    check("bare-order", Paper::RectificationOrder, &papers::bare(Lang::Zh), 3, &[(3, "送达回证")]);
    // The head of the list stands on each of its pages.
    let long = papers::long(Lang::Zh);
    check("long", Paper::WrittenReport, &long, 5, &[(3, "序号"), (4, "序号"), (5, "序号")]);
}
