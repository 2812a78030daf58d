//! Line: one row of any table as text cells in one reused buffer, so that reading a long file allocates nothing per row.

/// A row of cells. Row numbers are those that a spreadsheet shows.
#[derive(Clone, Debug, Default)]
pub struct Line {
    text: String,
    ends: Vec<usize>,
    pub row: u32,
}

impl Line {
    pub fn clear(&mut self, row: u32) {
        self.text.clear();
        self.ends.clear();
        self.row = row;
    }
    pub fn push_char(&mut self, c: char) {
        self.text.push(c);
    }
    pub fn push_str(&mut self, s: &str) {
        self.text.push_str(s);
    }
    pub fn end_cell(&mut self) {
        self.ends.push(self.text.len());
    }
    pub fn len(&self) -> usize {
        self.ends.len()
    }
    pub fn bytes(&self) -> usize {
        self.text.len()
    }
    pub fn cell(&self, i: usize) -> &str {
        match self.ends.get(i) {
            Some(&end) => &self.text[if i == 0 { 0 } else { self.ends[i - 1] }..end],
            None => "",
        }
    }
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|i| self.cell(i))
    }
    /// Cells with something in them.
    pub fn filled(&self) -> usize {
        self.cells().filter(|c| !c.trim().is_empty()).count()
    }
}
