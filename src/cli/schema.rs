//! `schema`: JSON Schema of the configuration, or the reference pages made from the same types.

use super::{CliError, Context, Exit};
use crate::config::manual;
use crate::domain::message::Lang;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// The reference of the files instead, in the reader's language.
    #[arg(long, conflicts_with = "rules")]
    pub reference: bool,
    /// The reference of the rule language instead, with an example of each condition.
    #[arg(long)]
    pub rules: bool,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit, CliError> {
    let text = if args.reference {
        manual::page(context.lang)
    } else if args.rules {
        let page = match context.lang {
            Lang::Zh => include_str!("../../config/rules-reference.zh.md"),
            Lang::En => include_str!("../../config/rules-reference.en.md"),
        };
        page.to_string()
    } else if context.json {
        // One object per line.
        format!("{}\n", manual::schema())
    } else {
        format!("{:#}\n", manual::schema())
    };
    out!("{text}");
    Ok(Exit::Ok)
}
