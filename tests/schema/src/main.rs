//! `cargo xtask schema`: writes the schema and the typings into `www/`.

use std::process::ExitCode;

fn main() -> ExitCode {
    match write() {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("schema: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn write() -> Result<(), String> {
    for (path, content) in softframe_schema::files()? {
        let path = softframe_schema::www().join(path);
        let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        folder
            .and_then(|()| std::fs::write(&path, content))
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}
