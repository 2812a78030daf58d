//! A sheet: what stands on the pages of a paper, line by line, before it becomes a file; and the same as plain text.

use crate::domain::Date;

/// How a line looks; the measures are those of GB/T 9704.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// 二号小标宋, centred: an office's name above a title, and titles.
    Title,
    /// 三号仿宋, centred: the number of the paper.
    Number,
    /// 三号仿宋 from the left margin: to whom.
    Addressee,
    /// 三号仿宋, the first line indented by two characters.
    Body,
    /// 三号黑体, indented by two characters.
    Heading,
    /// 三号黑体 from the left margin: 附件.
    Annex,
    /// 三号仿宋, in the right half: who signs, the seal, the date.
    Sign,
    /// 小四仿宋: remarks under a form.
    Remark,
    /// An empty line.
    Gap,
}

#[derive(Clone, PartialEq, Eq)]
pub enum Block {
    Line(Style, String),
    /// Widths of columns in hundredths of the line.
    Table {
        widths: Vec<u32>,
        /// The first row stands again on every page.
        has_head: bool,
        /// The least height of a row in points.
        height: u32,
        rows: Vec<Vec<String>>,
    },
    /// What follows begins a page.
    NewPage,
}

#[derive(Clone)]
pub struct Sheet {
    /// In the file's properties: names nobody.
    pub title: String,
    /// At the head of every page, left and right.
    pub mark: (String, String),
    pub on: Date,
    pub blocks: Vec<Block>,
}

impl Sheet {
    pub fn line(&mut self, style: Style, text: impl Into<String>) {
        self.blocks.push(Block::Line(style, text.into()));
    }
    pub fn gap(&mut self) {
        self.line(Style::Gap, "");
    }
}

/// For a terminal: a line a line, tables with bars.
pub fn text(sheet: &Sheet) -> String {
    let mut out = format!("{}    {}\n\n", sheet.mark.0, sheet.mark.1);
    for block in &sheet.blocks {
        match block {
            Block::Line(Style::Body | Style::Heading, text) => out.push_str(&format!("　　{text}\n")),
            Block::Line(Style::Title | Style::Number, text) => out.push_str(&format!("　　　　　　{text}\n")),
            Block::Line(Style::Sign, text) => out.push_str(&format!("　　　　　　　　　　　　{text}\n")),
            Block::Line(_, text) => out.push_str(&format!("{text}\n")),
            Block::Table { rows, .. } => {
                for row in rows {
                    out.push_str(&format!("| {} |\n", row.join(" | ")));
                }
            }
            Block::NewPage => out.push_str("\n- - - -\n\n"),
        }
    }
    out
}
