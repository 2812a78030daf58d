//! Columns for people: aligned by how wide characters show (a Chinese one takes two places), a heading in bold where
//! colours are wanted. Cuts nothing.

use unicode_width::UnicodeWidthStr;

#[derive(Debug, Default)]
pub struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(head: impl IntoIterator<Item = String>) -> Table {
        Table { head: head.into_iter().collect(), rows: Vec::new() }
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn render(&self, colour: bool) -> String {
        let columns = self.rows.iter().map(Vec::len).chain([self.head.len()]).max().unwrap_or(0);
        let all = || self.rows.iter().chain(std::iter::once(&self.head));
        let widths: Vec<usize> =
            (0..columns).map(|i| all().filter_map(|r| r.get(i)).map(|c| width(c)).max().unwrap_or(0)).collect();
        let line = |cells: &[String]| {
            let mut out = String::new();
            for (i, cell) in cells.iter().enumerate() {
                out.push_str(cell);
                if i + 1 < cells.len() {
                    let pad = widths.get(i).map_or(0, |w| w.saturating_sub(width(cell))) + 2;
                    out.extend(std::iter::repeat_n(' ', pad));
                }
            }
            out.trim_end().to_owned()
        };
        let mut out = String::new();
        if !self.head.is_empty() {
            out.push_str(&bold(&line(&self.head), colour));
            out.push('\n');
        }
        for row in &self.rows {
            out.push_str(&line(row));
            out.push('\n');
        }
        out
    }
}

/// How many places a cell takes; what only colours it takes none.
pub fn width(cell: &str) -> usize {
    let mut parts = cell.split('\u{1b}');
    let first = parts.next().map_or(0, UnicodeWidthStr::width);
    first + parts.map(|p| p.split_once('m').map_or(0, |(_, text)| text.width())).sum::<usize>()
}

/// How wide what people read through is.
pub const PAGE: usize = 88;

/// `head` and then `text`, broken so that no line is wider than the page; later lines stand under the text.
pub fn wrapped(head: &str, text: &str, page: usize) -> String {
    let indent = width(head);
    let room = page.saturating_sub(indent).max(20);
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in words(text) {
        let full = width(&line) + width(word.trim_end()) > room;
        if full && !line.is_empty() {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
        }
        line.push_str(if line.is_empty() { word.trim_start() } else { word });
    }
    lines.push(line.trim_end().to_owned());
    format!("{head}{}\n", lines.join(&format!("\n{}", " ".repeat(indent))))
}

/// Pieces between which a line may be broken: after a space, and around Chinese characters, but never before a mark that
/// closes or after one that opens.
fn words(text: &str) -> Vec<&str> {
    let wide = |c: char| c.len_utf8() > 2;
    let (mut out, mut from) = (Vec::new(), 0);
    let mut before: Option<char> = None;
    for (i, c) in text.char_indices() {
        let may = before.is_some_and(|b| {
            let closing = "，。；：、）”》！？·".contains(c) || c == ' ';
            let opening = "（“《".contains(b);
            (b == ' ' || wide(b) || wide(c)) && !closing && !opening
        });
        if may {
            out.push(&text[from..i]);
            from = i;
        }
        before = Some(c);
    }
    out.push(&text[from..]);
    out
}

pub fn bold(text: &str, colour: bool) -> String {
    if colour { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// What wants somebody's attention.
pub fn red(text: &str, colour: bool) -> String {
    if colour { format!("\u{1b}[31m{text}\u{1b}[0m") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_where_chinese_takes_two_places() {
        let mut t = Table::new(["编号".to_owned(), "学生".to_owned(), "x".to_owned()]);
        t.row(["C-000001".to_owned(), "张**".to_owned(), "1".to_owned()]);
        t.row(["C-2".to_owned(), "阿**".to_owned(), String::new()]);
        assert_eq!(t.render(false), "编号      学生  x\nC-000001  张**  1\nC-2       阿**\n");
        assert_eq!(width(&red("张**", true)), 4);
        assert!(t.render(true).starts_with("\u{1b}[1m"));
    }

    #[test]
    fn long_lines_are_broken_by_how_wide_they_show() {
        fn check(head: &str, text: &str, page: usize, want: &str) {
            assert_eq!(wrapped(head, text, page), want);
        }
        check("a  ", "short", 40, "a  short\n");
        check("10月 ", "连续三个上课日旷课，立案。", 25, "10月 连续三个上课日旷课，\n     立案。\n");
        check("", "the child was told of the visit", 20, "the child was told\nof the visit\n");
        // Never before a mark that closes.
        check("", "一二三四五六七八九十。", 20, "一二三四五六七八九\n十。\n");
    }
}
