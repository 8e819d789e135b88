//! `fieldfolio framework …`

use std::fmt::Write;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::{Answer, CliError, Office, to_json};
use crate::directory::{find, frameworks};

#[derive(Debug, Subcommand)]
pub(super) enum FrameworkCommand {
    /// Bring in a framework, or a later edition of one, from a JSON file
    #[command(after_help = "Example: fieldfolio framework import competencies.json\n\n\
        The file: {\"title\": \"Competencies\", \"outcomes\": [{\"code\": \"THINK\", \"statement\": \"…\", \
        \"friendly\": \"I can …\", \"rubric\": [\"…\"], \"parent\": null}]}\n\
        Ids are made. For a later edition give \"id\" and a higher \"version\", and keep the codes.")]
    Import {
        /// The file
        file: PathBuf,
    },
    /// List frameworks
    #[command(after_help = "Example: fieldfolio framework list")]
    List,
    /// Show a framework with its outcomes
    #[command(after_help = "Example: fieldfolio framework show Competencies")]
    Show {
        /// Its id or unique title
        framework: String,
    },
}

pub(super) fn run(command: FrameworkCommand, office: &mut Office<'_>) -> Result<Answer, CliError> {
    match command {
        FrameworkCommand::Import { file } => {
            let json = read(&file)
                .map_err(|error| CliError::Argument(format!("can't read {}: {error}", file.display())))?;
            let id = office.edit(|edit, rng| Ok(frameworks::import(edit, &json, rng)?))?;
            let framework = frameworks::framework(&office.open()?, id)?;
            let text = format!("imported {id} with {} outcomes", framework.outcomes.len());
            Ok(Answer { text, json: to_json(framework) })
        }
        FrameworkCommand::List => {
            let all = frameworks::list(&office.open()?)?;
            let (mut lines, mut values) = (Vec::new(), Vec::new());
            for framework in all {
                let count = framework.outcomes.len();
                lines.push(format!("{}  {}  ({count} outcomes)", framework.id, framework.title));
                values.push(json!({
                    "id": framework.id, "title": framework.title, "version": framework.version, "outcomes": count
                }));
            }
            Ok(Answer { text: lines.join("\n"), json: values.into() })
        }
        FrameworkCommand::Show { framework } => {
            let conn = office.open()?;
            let framework = frameworks::framework(&conn, find::framework(&conn, &framework)?)?;
            let mut text = format!("{}, edition {}\n", framework.title, framework.version);
            for outcome in &framework.outcomes {
                writeln!(text, "{}  {}  {}", outcome.id, outcome.code, outcome.statement)
                    .expect("text grows");
                writeln!(text, "  in a student's words: {}", outcome.friendly).expect("text grows");
                for (level, line) in outcome.rubric.iter().enumerate() {
                    writeln!(text, "  {level}: {line}").expect("text grows");
                }
            }
            Ok(Answer { text, json: to_json(framework) })
        }
    }
}

fn read(path: &std::path::Path) -> std::io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?.take(frameworks::MAX_FILE_BYTES + 1).read_to_string(&mut text)?;
    if read as u64 > frameworks::MAX_FILE_BYTES {
        return Err(std::io::Error::other("it is larger than 16 MiB"));
    }
    Ok(text)
}
