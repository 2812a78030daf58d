//! Which encoding a text file is in, and its bytes as UTF-8. The whole file is looked at: files whose only Chinese words
//! stand at the end, and GBK words that happen to be valid UTF-8 (状态, 学校), mislead anyone who reads only the start.

use crate::domain::fault::FaultKind;
use crate::domain::policy::Encoding;
use encoding_rs::{CoderResult, Decoder, GB18030, UTF_8, UTF_16BE, UTF_16LE};
use std::io::{Read, Seek, SeekFrom};

/// An encoding as decoders need it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Charset {
    pub encoding: Encoding,
    big_endian: bool,
}

const UTF8: Charset = Charset { encoding: Encoding::Utf8, big_endian: false };
const GB: Charset = Charset { encoding: Encoding::Gb18030, big_endian: false };

/// Finds the encoding. `words` scores a text by the known headers in it.
pub fn detect<R: Read + Seek>(
    input: &mut R,
    pinned: Option<Encoding>,
    words: &dyn Fn(&str) -> usize,
) -> Result<Charset, FaultKind> {
    input.seek(SeekFrom::Start(0)).map_err(|_| FaultKind::Corrupt)?;
    let mut start = vec![0u8; 16 * 1024];
    let n = fill(input, &mut start)?;
    start.truncate(n);
    if start.starts_with(&[0xff, 0xfe]) {
        return Ok(Charset { encoding: Encoding::Utf16, big_endian: false });
    }
    if start.starts_with(&[0xfe, 0xff]) {
        return Ok(Charset { encoding: Encoding::Utf16, big_endian: true });
    }
    if start.starts_with(&[0xef, 0xbb, 0xbf]) {
        return Ok(UTF8);
    }
    let zeros = |odd: usize| start.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    match pinned {
        Some(Encoding::Utf16) => return Ok(Charset { encoding: Encoding::Utf16, big_endian: even > odd }),
        Some(Encoding::Gb18030) => return Ok(GB),
        Some(Encoding::Utf8) => return Ok(UTF8),
        None => {}
    }
    // Digits and commas have a zero byte each in UTF-16 without a mark.
    if n >= 4 && (even + odd) * 5 > n && (even == 0 || odd == 0) {
        return Ok(Charset { encoding: Encoding::Utf16, big_endian: even > odd });
    }
    // Programs and pictures are full of control bytes.
    let control = start.iter().filter(|b| **b < 0x20 && !matches!(**b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1a)).count();
    if control * 50 > n {
        return Err(FaultKind::NotATable);
    }
    judge(input, words)
}

/// Strict UTF-8, else GB18030; short GBK texts that are valid as both are decided by what they say.
fn judge<R: Read + Seek>(input: &mut R, words: &dyn Fn(&str) -> usize) -> Result<Charset, FaultKind> {
    let utf8 = survey(input, UTF8)?;
    if let Some(seen) = &utf8
        && (seen.beyond_two_bytes || !seen.foreign)
    {
        return Ok(UTF8);
    }
    let gb = survey(input, GB)?;
    match (utf8, gb) {
        (Some(as_utf8), Some(as_gb)) => {
            let (u, g) = (words(&as_utf8.start), words(&as_gb.start));
            Ok(if g > u || (g == u && as_gb.only_han) { GB } else { UTF8 })
        }
        (Some(_), None) => Ok(UTF8),
        (None, Some(_)) => Ok(GB),
        (None, None) => Err(FaultKind::UnknownEncoding),
    }
}

struct Survey {
    start: String,
    /// Has anything beyond ASCII.
    foreign: bool,
    /// Has characters from U+0800 on, which GBK bytes hardly ever imitate.
    beyond_two_bytes: bool,
    /// All that is beyond ASCII is common Chinese text.
    only_han: bool,
}

/// Decodes the whole file strictly; `None` if it is not in this encoding.
fn survey<R: Read + Seek>(input: &mut R, charset: Charset) -> Result<Option<Survey>, FaultKind> {
    input.seek(SeekFrom::Start(0)).map_err(|_| FaultKind::Corrupt)?;
    let mut decoding = Decoding::new(&mut *input, charset);
    let mut seen = Survey { start: String::new(), foreign: false, beyond_two_bytes: false, only_han: true };
    let mut buf = String::new();
    loop {
        buf.clear();
        if !decoding.next_into(&mut buf)? {
            break;
        }
        if decoding.malformed {
            return Ok(None);
        }
        if seen.start.len() < 16 * 1024 {
            seen.start.push_str(&buf);
        }
        if !buf.is_ascii() {
            seen.foreign = true;
            for c in buf.chars().filter(|c| !c.is_ascii()) {
                seen.beyond_two_bytes |= c >= '\u{800}';
                seen.only_han &= matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}' | '·' | '√' | '×');
            }
        }
    }
    Ok(if decoding.malformed { None } else { Some(seen) })
}

fn fill<R: Read>(input: &mut R, buf: &mut [u8]) -> Result<usize, FaultKind> {
    let mut n = 0;
    while n < buf.len() {
        match input.read(&mut buf[n..]) {
            Ok(0) => break,
            Ok(k) => n += k,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return Err(FaultKind::Corrupt),
        }
    }
    Ok(n)
}

/// A file's text, piece by piece.
pub struct Decoding<R> {
    input: R,
    decoder: Decoder,
    raw: Vec<u8>,
    ended: bool,
    /// Bytes were met that this encoding does not have.
    pub malformed: bool,
}

impl<R: Read> Decoding<R> {
    pub fn new(input: R, charset: Charset) -> Self {
        let encoding = match charset.encoding {
            Encoding::Utf8 => UTF_8,
            Encoding::Gb18030 => GB18030,
            Encoding::Utf16 if charset.big_endian => UTF_16BE,
            Encoding::Utf16 => UTF_16LE,
        };
        let decoder = encoding.new_decoder_with_bom_removal();
        Decoding { input, decoder, raw: vec![0; 32 * 1024], ended: false, malformed: false }
    }

    /// Appends the next piece; false at the end.
    pub fn next_into(&mut self, out: &mut String) -> Result<bool, FaultKind> {
        if self.ended {
            return Ok(false);
        }
        let n = fill(&mut self.input, &mut self.raw)?;
        self.ended = n < self.raw.len();
        let mut src = &self.raw[..n];
        loop {
            out.reserve(self.decoder.max_utf8_buffer_length(src.len()).unwrap_or(n * 4).max(16));
            let (result, read, bad) = self.decoder.decode_to_string(src, out, self.ended);
            self.malformed |= bad;
            src = &src[read..];
            if result == CoderResult::InputEmpty {
                return Ok(true);
            }
        }
    }
}
