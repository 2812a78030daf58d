//! A sheet as a .docx (ECMA-376): the few parts that word processors need, with the page of GB/T 9704. Fonts are named
//! as official papers have them, with others to fall back on; none is embedded. Every byte depends on the sheet alone.

use super::sheet::{Block, Sheet, Style};
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

const MAIN: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";

/// Twentieths of a point. A4; text of 156 mm × 225 mm, 37 mm from the top, 28 mm from the left.
const PAGE: (u32, u32) = (11_906, 16_838);
const LEFT: u32 = 1_588;
const RIGHT: u32 = 1_474;
const TOP: u32 = 2_098;
const BOTTOM: u32 = 1_984;
const LINE: u32 = PAGE.0 - LEFT - RIGHT;

const FANGSONG: &str = "仿宋_GB2312";
const HEITI: &str = "黑体";
const SONG: &str = "宋体";
const BIAOSONG: &str = "方正小标宋简体";

pub fn bytes(sheet: &Sheet) -> Vec<u8> {
    let parts: [(&str, String); 10] = [
        ("[Content_Types].xml", content_types()),
        ("_rels/.rels", package_relations()),
        ("docProps/core.xml", properties(sheet)),
        ("word/document.xml", document(sheet)),
        ("word/_rels/document.xml.rels", document_relations()),
        ("word/styles.xml", styles()),
        ("word/settings.xml", settings()),
        ("word/fontTable.xml", fonts()),
        ("word/header1.xml", header(sheet)),
        ("word/footer1.xml", footer()),
    ];
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // The oldest time that a zip can state: never the time of writing.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default());
    for (name, text) in parts {
        zip.start_file(name, options).expect("an archive in memory takes files");
        zip.write_all(text.as_bytes()).expect("memory takes what is written");
    }
    zip.finish().expect("an archive in memory can be ended").into_inner()
}

/// Text as XML; control characters, which XML cannot hold, are left out.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

fn part(body: impl AsRef<str>) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n{}", body.as_ref())
}

fn content_types() -> String {
    let word = "application/vnd.openxmlformats-officedocument.wordprocessingml";
    let mut out = format!(
        "<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/><Override PartName=\"/docProps/core.xml\" ContentType=\"application/vnd.openxmlformats-package.core-properties+xml\"/>"
    );
    for (name, kind) in [
        ("document", "document.main"),
        ("styles", "styles"),
        ("settings", "settings"),
        ("fontTable", "fontTable"),
        ("header1", "header"),
        ("footer1", "footer"),
    ] {
        out.push_str(&format!("<Override PartName=\"/word/{name}.xml\" ContentType=\"{word}.{kind}+xml\"/>"));
    }
    part(out + "</Types>")
}

fn package_relations() -> String {
    part(format!(
        "<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"rId1\" Type=\"{RELATIONS}/officeDocument\" Target=\"word/document.xml\"/><Relationship Id=\"rId2\" Type=\"{PACKAGE}/relationships/metadata/core-properties\" Target=\"docProps/core.xml\"/></Relationships>"
    ))
}

fn document_relations() -> String {
    let mut out = format!("<Relationships xmlns=\"{PACKAGE}/relationships\">");
    let parts = ["styles", "settings", "fontTable", "header1", "footer1"];
    for (i, name) in parts.iter().enumerate() {
        let kind = name.trim_end_matches('1');
        let id = i + 1;
        out.push_str(&format!("<Relationship Id=\"rId{id}\" Type=\"{RELATIONS}/{kind}\" Target=\"{name}.xml\"/>"));
    }
    part(out + "</Relationships>")
}

fn properties(sheet: &Sheet) -> String {
    let (title, on) = (xml(&sheet.title), sheet.on);
    part(format!(
        "<cp:coreProperties xmlns:cp=\"{PACKAGE}/metadata/core-properties\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:dcterms=\"http://purl.org/dc/terms/\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><dc:title>{title}</dc:title><dc:creator>kongchuo</dc:creator><dcterms:created xsi:type=\"dcterms:W3CDTF\">{on}T00:00:00Z</dcterms:created></cp:coreProperties>"
    ))
}

fn settings() -> String {
    part(format!(
        "<w:settings xmlns:w=\"{MAIN}\"><w:zoom w:percent=\"100\"/><w:defaultTabStop w:val=\"640\"/><w:characterSpacingControl w:val=\"compressPunctuation\"/><w:compat><w:compatSetting w:name=\"compatibilityMode\" w:uri=\"http://schemas.microsoft.com/office/word\" w:val=\"15\"/></w:compat></w:settings>"
    ))
}

/// What stands in where a machine lacks a font of official papers.
fn fonts() -> String {
    let mut out = format!("<w:fonts xmlns:w=\"{MAIN}\">");
    for (name, other, family) in [
        (FANGSONG, "仿宋,FangSong,FangSong_GB2312", "modern"),
        (BIAOSONG, "FZXiaoBiaoSong-B05S,方正小标宋_GBK,华文中宋,宋体", "roman"),
        (HEITI, "SimHei", "modern"),
        (SONG, "SimSun", "roman"),
    ] {
        out.push_str(&format!(
            "<w:font w:name=\"{name}\"><w:altName w:val=\"{other}\"/><w:charset w:val=\"86\"/><w:family w:val=\"{family}\"/><w:pitch w:val=\"default\"/></w:font>"
        ));
    }
    part(out + "</w:fonts>")
}

/// Font and size in half points.
fn face(font: &str, half_points: u32) -> String {
    format!(
        "<w:rFonts w:ascii=\"Times New Roman\" w:hAnsi=\"Times New Roman\" w:cs=\"Times New Roman\" w:eastAsia=\"{font}\"/><w:sz w:val=\"{half_points}\"/><w:szCs w:val=\"{half_points}\"/>"
    )
}

/// Lines of 28 points, that 22 of them fill a page.
fn spacing(points: u32) -> String {
    format!("<w:spacing w:before=\"0\" w:after=\"0\" w:line=\"{}\" w:lineRule=\"exact\"/>", points * 20)
}

const INDENT: &str = "<w:ind w:firstLineChars=\"200\" w:firstLine=\"640\"/>";

/// Id, name in the list of styles, paragraph and characters.
fn look(style: Style) -> (&'static str, String, String) {
    let body = spacing(28);
    match style {
        Style::Title => {
            let paragraph = format!("<w:keepNext/>{}<w:jc w:val=\"center\"/>", spacing(34));
            ("PaperTitle", paragraph, face(BIAOSONG, 44))
        }
        Style::Number => ("PaperNumber", format!("{body}<w:jc w:val=\"center\"/>"), face(FANGSONG, 32)),
        Style::Addressee => ("Addressee", body, face(FANGSONG, 32)),
        Style::Body => ("Text", format!("{body}{INDENT}<w:jc w:val=\"both\"/>"), face(FANGSONG, 32)),
        Style::Heading => ("Level1", format!("<w:keepNext/>{body}{INDENT}"), face(HEITI, 32)),
        Style::Annex => ("Annex", format!("<w:keepNext/>{body}"), face(HEITI, 32)),
        Style::Sign => {
            let paragraph = format!("<w:keepNext/>{body}<w:ind w:leftChars=\"1300\" w:left=\"4160\"/>");
            ("Signature", paragraph, face(FANGSONG, 32))
        }
        Style::Remark => {
            let paragraph =
                "<w:spacing w:before=\"160\" w:after=\"0\" w:line=\"320\" w:lineRule=\"exact\"/>".to_owned();
            ("Remark", paragraph, face(FANGSONG, 21))
        }
        Style::Gap => ("Gap", format!("<w:keepNext/>{body}"), face(FANGSONG, 32)),
    }
}

const STYLES: [Style; 9] = [
    Style::Title,
    Style::Number,
    Style::Addressee,
    Style::Body,
    Style::Heading,
    Style::Annex,
    Style::Sign,
    Style::Remark,
    Style::Gap,
];

fn styles() -> String {
    let mut out = format!(
        "<w:styles xmlns:w=\"{MAIN}\"><w:docDefaults><w:rPrDefault><w:rPr>{}<w:lang w:val=\"en-US\" w:eastAsia=\"zh-CN\"/></w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults><w:style w:type=\"paragraph\" w:default=\"1\" w:styleId=\"Normal\"><w:name w:val=\"Normal\"/></w:style>",
        face(FANGSONG, 32)
    );
    for style in STYLES {
        let (id, paragraph, run) = look(style);
        out.push_str(&format!(
            "<w:style w:type=\"paragraph\" w:customStyle=\"1\" w:styleId=\"{id}\"><w:name w:val=\"{id}\"/><w:basedOn w:val=\"Normal\"/><w:pPr>{paragraph}</w:pPr><w:rPr>{run}</w:rPr></w:style>"
        ));
    }
    part(out + "</w:styles>")
}

fn run(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("<w:r><w:t xml:space=\"preserve\">{}</w:t></w:r>", xml(text))
}

fn document(sheet: &Sheet) -> String {
    let mut out = format!("<w:document xmlns:w=\"{MAIN}\" xmlns:r=\"{RELATIONS}\"><w:body>");
    let mut fresh = "";
    for block in &sheet.blocks {
        match block {
            Block::NewPage => fresh = "<w:pageBreakBefore/>",
            Block::Line(style, text) => {
                let (id, ..) = look(*style);
                out.push_str(&format!("<w:p><w:pPr><w:pStyle w:val=\"{id}\"/>{fresh}</w:pPr>{}</w:p>", run(text)));
                fresh = "";
            }
            Block::Table { widths, has_head, height, rows } => table(&mut out, widths, *has_head, *height, rows),
        }
    }
    if matches!(sheet.blocks.last(), Some(Block::Table { .. })) {
        // A body does not end with a table; this line takes no room.
        out.push_str("<w:p><w:pPr><w:spacing w:before=\"0\" w:after=\"0\" w:line=\"20\" w:lineRule=\"exact\"/><w:rPr><w:sz w:val=\"2\"/></w:rPr></w:pPr></w:p>");
    }
    let (width, height) = PAGE;
    out.push_str(&format!(
        "<w:sectPr><w:headerReference w:type=\"default\" r:id=\"rId4\"/><w:footerReference w:type=\"default\" r:id=\"rId5\"/><w:pgSz w:w=\"{width}\" w:h=\"{height}\"/><w:pgMar w:top=\"{TOP}\" w:right=\"{RIGHT}\" w:bottom=\"{BOTTOM}\" w:left=\"{LEFT}\" w:header=\"964\" w:footer=\"1304\" w:gutter=\"0\"/></w:sectPr></w:body></w:document>"
    ));
    part(out)
}

fn table(out: &mut String, widths: &[u32], has_head: bool, height: u32, rows: &[Vec<String>]) {
    let sum: u32 = widths.iter().sum();
    let widths: Vec<u32> = widths.iter().map(|w| LINE * w / sum.max(1)).collect();
    let border = |side: &str| format!("<w:{side} w:val=\"single\" w:sz=\"4\" w:space=\"0\" w:color=\"000000\"/>");
    let borders: String = ["top", "left", "bottom", "right", "insideH", "insideV"].into_iter().map(border).collect();
    out.push_str(&format!(
        "<w:tbl><w:tblPr><w:tblW w:w=\"{LINE}\" w:type=\"dxa\"/><w:tblBorders>{borders}</w:tblBorders><w:tblLayout w:type=\"fixed\"/><w:tblCellMar><w:top w:w=\"40\" w:type=\"dxa\"/><w:left w:w=\"80\" w:type=\"dxa\"/><w:bottom w:w=\"40\" w:type=\"dxa\"/><w:right w:w=\"80\" w:type=\"dxa\"/></w:tblCellMar></w:tblPr><w:tblGrid>"
    ));
    out.extend(widths.iter().map(|w| format!("<w:gridCol w:w=\"{w}\"/>")));
    out.push_str("</w:tblGrid>");
    for (r, row) in rows.iter().enumerate() {
        let head = has_head && r == 0;
        let repeats = if head { "<w:tblHeader/>" } else { "" };
        let least = height * 20;
        out.push_str(&format!(
            "<w:tr><w:trPr><w:cantSplit/><w:trHeight w:val=\"{least}\" w:hRule=\"atLeast\"/>{repeats}</w:trPr>"
        ));
        for (c, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let names = head || !has_head && c == 0;
            let font = if names { HEITI } else { FANGSONG };
            let side = if has_head || names { "center" } else { "left" };
            let face = face(font, 24);
            let text = if cell.is_empty() {
                String::new()
            } else {
                format!("<w:r><w:rPr>{face}</w:rPr><w:t xml:space=\"preserve\">{}</w:t></w:r>", xml(cell))
            };
            out.push_str(&format!(
                "<w:tc><w:tcPr><w:tcW w:w=\"{width}\" w:type=\"dxa\"/><w:vAlign w:val=\"center\"/></w:tcPr><w:p><w:pPr><w:spacing w:before=\"0\" w:after=\"0\" w:line=\"320\" w:lineRule=\"exact\"/><w:jc w:val=\"{side}\"/><w:rPr>{face}</w:rPr></w:pPr>{text}</w:p></w:tc>"
            ));
        }
        out.push_str("</w:tr>");
    }
    out.push_str("</w:tbl>");
}

/// The mark of a draft, in red, with its number on the right.
fn header(sheet: &Sheet) -> String {
    // Within the characters' properties the schema wants the colour before the size.
    let red = format!("<w:rPr>{}</w:rPr>", face(HEITI, 21).replacen("<w:sz ", "<w:color w:val=\"C00000\"/><w:sz ", 1));
    let (left, right) = (xml(&sheet.mark.0), xml(&sheet.mark.1));
    part(format!(
        "<w:hdr xmlns:w=\"{MAIN}\"><w:p><w:pPr><w:tabs><w:tab w:val=\"right\" w:pos=\"{LINE}\"/></w:tabs></w:pPr><w:r>{red}<w:t xml:space=\"preserve\">{left}</w:t></w:r><w:r>{red}<w:tab/><w:t xml:space=\"preserve\">{right}</w:t></w:r></w:p></w:hdr>"
    ))
}

/// 四号宋体：— 1 —
fn footer() -> String {
    let face = format!("<w:rPr>{}</w:rPr>", face(SONG, 28));
    let text = |t: &str| format!("<w:r>{face}<w:t xml:space=\"preserve\">{t}</w:t></w:r>");
    let field = |kind: &str| format!("<w:r>{face}<w:fldChar w:fldCharType=\"{kind}\"/></w:r>");
    part(format!(
        "<w:ftr xmlns:w=\"{MAIN}\"><w:p><w:pPr><w:jc w:val=\"center\"/></w:pPr>{}{}<w:r>{face}<w:instrText xml:space=\"preserve\"> PAGE </w:instrText></w:r>{}{}{}{}</w:p></w:ftr>",
        text("— "),
        field("begin"),
        field("separate"),
        text("1"),
        field("end"),
        text(" —"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Date;
    use std::io::Read;

    fn sheet() -> Sheet {
        let on = Date::from_ymd_opt(2026, 9, 16).expect("a date");
        let mut s =
            Sheet { title: "书面报告".into(), mark: ("草稿".into(), "1 & 2".into()), on, blocks: Vec::new() };
        s.line(Style::Title, "关于“<张>”的\u{0}报告");
        s.blocks.push(Block::NewPage);
        s.line(Style::Body, "第二页");
        let rows = vec![vec!["日期".into(), "措施".into()], vec!["2026-09-16".into(), String::new()]];
        s.blocks.push(Block::Table { widths: vec![1, 2], has_head: true, height: 20, rows });
        s
    }

    fn read(bytes: &[u8], name: &str) -> String {
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("an archive");
        let mut text = String::new();
        archive.by_name(name).expect("the part is there").read_to_string(&mut text).expect("text");
        text
    }

    #[test]
    fn the_same_sheet_gives_the_same_bytes() {
        assert_eq!(bytes(&sheet()), bytes(&sheet()));
        let mut other = sheet();
        other.line(Style::Body, "多一行");
        assert_ne!(bytes(&sheet()), bytes(&other));
    }

    #[test]
    fn what_people_write_cannot_break_the_file() {
        let file = bytes(&sheet());
        assert!(read(&file, "word/document.xml").contains("关于“&lt;张&gt;”的报告"));
        assert!(read(&file, "word/header1.xml").contains("1 &amp; 2"));
    }

    #[test]
    fn every_relation_leads_to_a_part_and_every_style_is_defined() {
        let file = bytes(&sheet());
        for line in read(&file, "word/_rels/document.xml.rels").split("Target=\"").skip(1) {
            let name = line.split('"').next().expect("a target");
            assert!(!read(&file, &format!("word/{name}")).is_empty());
        }
        let (document, styles) = (read(&file, "word/document.xml"), read(&file, "word/styles.xml"));
        for used in document.split("<w:pStyle w:val=\"").skip(1) {
            let id = used.split('"').next().expect("a style");
            assert!(styles.contains(&format!("w:styleId=\"{id}\"")), "{id}");
        }
        assert_eq!(document.matches("<w:pageBreakBefore/>").count(), 1);
    }
}
