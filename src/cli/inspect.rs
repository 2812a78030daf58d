//! `inspect`: how a file would be read, its faults, and the YAML to pin it. Reads one file and writes nothing.

use super::{CliError, Context, Exit};
use crate::clock;
use crate::decode::{self, Asked, Description, Format, Summary};
use crate::domain::fault::Fault;
use crate::domain::ids::SourceId;
use crate::domain::message::{Lang, delivery, intake};
use crate::domain::policy::{
    ActWords, Blank, Content, CoverageKind, Encoding, Format as Pinned, Layout, Reader, StatedAt,
};
use crate::domain::record::{Observation, PupilKey};
use crate::domain::text::mask_name;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// How many rows and faults are shown.
const SHOWN: usize = 5;
const FAULTS_SHOWN: usize = 20;

#[derive(clap::Args, Debug)]
pub struct Args {
    pub file: std::path::PathBuf,
    /// Read it as this source would.
    #[arg(long)]
    pub source: Option<String>,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit, CliError> {
    let lang = context.lang;
    let open = || {
        std::fs::File::open(&args.file).map_err(|e| {
            CliError::environment(intake::inspect_no_file(lang, args.file.display()))
                .because(e)
                .hint(intake::inspect_check_path(lang))
        })
    };
    let name = args.file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if let Some(id) = &args.source {
        return as_source(context, id, &name, open()?);
    }
    let reader = default_reader();
    let acts = ActWords::default();
    let content = decode::guess_content(std::io::BufReader::new(open()?), &reader);
    let asked = Asked {
        content,
        coverage: CoverageKind::Full,
        reader: &reader,
        file_name: &name,
        statuses: &[],
        acts: &acts,
        school: None,
        school_column: None,
        schools: &[],
        stated_on: None,
    };
    inspect(context, &asked, std::io::BufReader::new(open()?))
}

/// As the source would read it: its reader, its school, the township's words.
fn as_source(context: &Context, id: &str, name: &str, file: std::fs::File) -> Result<Exit, CliError> {
    let lang = context.lang;
    let policy = super::open::policy(context)?;
    let Some(source) = policy.source(&SourceId::new(id)) else {
        let known: Vec<&str> = policy.sources.iter().map(|s| s.id.as_str()).collect();
        return Err(CliError::usage(intake::inspect_unknown_source(lang, id))
            .hint(delivery::known_sources(lang, known.join(", "))));
    };
    let zone = policy.township.zone;
    let modified = file.metadata().and_then(|m| m.modified()).ok().map(|t| clock::local(t, zone));
    let today = clock::now(zone).date();
    let asked = Asked {
        content: source.content,
        coverage: source.coverage,
        reader: &source.reader,
        file_name: name,
        statuses: &policy.statuses,
        acts: &policy.acts,
        school: source.school.as_ref().and_then(|s| policy.school(s)),
        school_column: source.school_column.as_deref(),
        schools: &policy.schools,
        // What lies in the future is a fault: as of today, or of the day that the file's own stamp names.
        stated_on: match source.reader.stated_at {
            StatedAt::Modified => modified.map(|t| t.date()).or(Some(today)),
            StatedAt::Arrival => Some(today),
            StatedAt::Filename | StatedAt::Content => None,
        },
    };
    inspect(context, &asked, std::io::BufReader::new(file))
}

fn inspect<R: std::io::Read + std::io::Seek>(context: &Context, asked: &Asked<'_>, input: R) -> Result<Exit, CliError> {
    let mut reading = match decode::open(input, asked) {
        Ok(reading) => reading,
        Err(fault) => {
            tell_refusal(context, &fault);
            return Ok(Exit::Found);
        }
    };
    let description = reading.description().clone();
    let stamp = match asked.reader.stated_at {
        StatedAt::Filename => description.name_stamp,
        StatedAt::Content => description.title_stamp,
        StatedAt::Modified | StatedAt::Arrival => None,
    };
    if let Some(stamp) = stamp {
        reading.stated_on(stamp.date());
    }
    let mut first = Vec::new();
    let mut faults = Vec::new();
    let result = reading.for_each(&mut |item| {
        match item {
            Ok(row) if first.len() < SHOWN => first.push(row),
            Err(fault) if faults.len() < FAULTS_SHOWN => faults.push(fault),
            _ => {}
        }
        ControlFlow::Continue(())
    });
    let summary = match result {
        Ok(summary) => summary,
        Err(fault) => {
            tell_refusal(context, &fault);
            return Ok(Exit::Found);
        }
    };
    if context.json {
        outln!("{}", as_json(context.lang, asked, &description, &summary, &first, &faults));
    } else {
        tell(context.lang, asked, &description, &summary, &first, &faults);
    }
    Ok(if summary.faults > 0 { Exit::Found } else { Exit::Ok })
}

fn tell_refusal(context: &Context, fault: &Fault) {
    if context.json {
        outln!("{}", serde_json::json!({"refused": fault_json(context.lang, fault)}));
    } else {
        outln!("{}", fault_line(context.lang, fault));
    }
}

fn fault_line(lang: Lang, fault: &Fault) -> String {
    let place = intake::place(lang, &fault.place);
    match (place.is_empty(), lang) {
        (true, _) => intake::fault(lang, fault),
        (false, Lang::Zh) => format!("{place}：{}", intake::fault(lang, fault)),
        (false, Lang::En) => format!("{place}: {}", intake::fault(lang, fault)),
    }
}

fn fault_json(lang: Lang, fault: &Fault) -> serde_json::Value {
    serde_json::json!({
        "kind": fault.kind, "sheet": fault.place.sheet, "row": fault.place.row, "column": fault.place.column,
        "value": fault.value, "message": intake::fault(lang, fault),
    })
}

fn tell(lang: Lang, asked: &Asked, d: &Description, s: &Summary, first: &[Observation], faults: &[Fault]) {
    outln!("{}", intake::inspect_format(lang, format_word(d.format)));
    if let (Some(encoding), Some(delimiter)) = (d.encoding, d.delimiter) {
        outln!("{}", intake::inspect_encoding(lang, encoding_word(encoding), delimiter.escape_default()));
    }
    outln!("{}", intake::inspect_content(lang, content_word(asked.content)));
    for sheet in &d.sheets {
        if let Some(name) = &sheet.name {
            outln!("{}", intake::sheet_word(lang, name));
        }
        if let Some(refused) = &sheet.refused {
            outln!("{}", intake::inspect_passed_over(lang, intake::fault(lang, refused)));
            continue;
        }
        outln!("{}", intake::inspect_header(lang, sheet.header_row));
        for (field, header) in &sheet.columns {
            outln!("{}", intake::inspect_column(lang, field, header));
        }
        if !sheet.unused.is_empty() {
            outln!("{}", intake::inspect_unused(lang, sheet.unused.join(", ")));
        }
    }
    let stated: Vec<String> = d.title_dates.iter().chain(&d.name_dates).map(ToString::to_string).collect();
    if !stated.is_empty() {
        outln!("{}", intake::inspect_dates(lang, stated.join(", ")));
    }
    outln!("{}", intake::inspect_counts(lang, s.rows, s.observations, s.faults, s.passed_over));
    if !first.is_empty() {
        outln!("{}", intake::inspect_first(lang));
        for row in first {
            outln!("  {}", row_words(row));
        }
    }
    if !faults.is_empty() {
        outln!("{}", intake::inspect_faults(lang));
        for fault in faults {
            outln!("  {}", fault_line(lang, fault));
        }
        if s.faults as usize > faults.len() {
            outln!("{}", intake::inspect_more(lang, s.faults as usize - faults.len()));
        }
    }
    outln!("{}", intake::inspect_pin(lang));
    outln!("    {}", pin(d));
}

fn as_json(lang: Lang, asked: &Asked, d: &Description, s: &Summary, first: &[Observation], faults: &[Fault]) -> String {
    let sheets: Vec<_> = d
        .sheets
        .iter()
        .map(|sheet| {
            let columns: BTreeMap<&str, &str> = sheet.columns.iter().map(|(f, h)| (*f, h.as_str())).collect();
            serde_json::json!({
                "sheet": sheet.name, "header_row": sheet.header_row, "layout": "long", "columns": columns,
                "unused": sheet.unused, "refused": sheet.refused.as_ref().map(|f| fault_json(lang, f)),
            })
        })
        .collect();
    serde_json::json!({
        "format": format_word(d.format), "encoding": d.encoding.map(encoding_word), "delimiter": d.delimiter,
        "content": asked.content, "sheets": sheets, "title_dates": d.title_dates, "name_dates": d.name_dates,
        "rows": s.rows, "good": s.observations, "faults": s.faults, "passed_over": s.passed_over,
        "first": first.iter().map(row_words).collect::<Vec<_>>(),
        "fault_list": faults.iter().map(|f| fault_json(lang, f)).collect::<Vec<_>>(),
        "pin": pin(d),
    })
    .to_string()
}

/// A row with its pupil's name masked and without numbers.
fn row_words(row: &Observation) -> String {
    let who = |pupil: &PupilKey| {
        let name = pupil.name.as_deref().map(mask_name);
        let class = pupil.class.as_ref().map(ToString::to_string);
        [name, class].into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    match row {
        Observation::Attendance(r) => format!("{} {} {} {} {}", r.place.row, r.date, r.slot, who(&r.pupil), r.status),
        Observation::Register(r) => {
            let grade = r.grade.map(|g| g.to_string()).unwrap_or_default();
            let standing = serde_json::to_value(r.standing).unwrap_or_default();
            format!("{} {} {grade} {}", r.place.row, who(&r.pupil), standing.as_str().unwrap_or_default())
        }
        Observation::Leave(r) => format!("{} {} {}..{} {}", r.place.row, who(&r.pupil), r.from, r.until, r.status),
        Observation::Feedback(r) => {
            let words = [&r.kind, &r.result].into_iter().flatten().map(ToString::to_string).collect::<Vec<_>>();
            format!("{} {} {} {}", r.place.row, who(&r.pupil), r.date, words.join(" "))
        }
    }
}

fn format_word(format: Format) -> &'static str {
    match format {
        Format::Csv => "csv",
        Format::Xlsx => "xlsx",
    }
}

fn encoding_word(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Utf8 => "utf-8",
        Encoding::Gb18030 => "gb18030",
        Encoding::Utf16 => "utf-16",
    }
}

fn content_word(content: Content) -> &'static str {
    match content {
        Content::Attendance => "attendance",
        Content::Register => "register",
        Content::Feedback => "feedback",
        Content::Leave => "leave",
    }
}

/// `reader: {…}` as it stands in sources.yaml.
fn pin(d: &Description) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut parts = vec![format!("format: {}", format_word(d.format))];
    if let Some(encoding) = d.encoding {
        parts.push(format!("encoding: {}", encoding_word(encoding)));
    }
    parts.push("layout: long".to_string());
    let mut read = d.sheets.iter().filter(|s| s.refused.is_none());
    if let Some(sheet) = read.next() {
        if let (Some(name), None) = (&sheet.name, read.next()) {
            parts.push(format!("sheet: {}", quoted(name)));
        }
        let columns: Vec<String> = sheet.columns.iter().map(|(f, h)| format!("{f}: {}", quoted(h))).collect();
        parts.push(format!("columns: {{{}}}", columns.join(", ")));
    }
    format!("reader: {{{}}}", parts.join(", "))
}

fn default_reader() -> Reader {
    Reader {
        format: Pinned::Auto,
        encoding: None,
        layout: Layout::Auto,
        sheet: None,
        stated_at: StatedAt::Arrival,
        columns: BTreeMap::new(),
        statuses: BTreeMap::new(),
        legend: BTreeMap::new(),
        blank: Blank::Hold,
        late_over: None,
    }
}
