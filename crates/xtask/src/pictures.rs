//! Contact sheets: all pictures of one form on one sheet, to be looked at as a whole and kept as an artefact.
//!
//! It draws nothing itself: the browser that made the pictures lays them out.

use crate::{
    Outcome,
    child::{run_bounded, say},
    chromium::Chromium,
    tree::{Tree, files_below, read, write},
};
use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

/// Wide enough to see what a form does to screens that belong together, narrow enough for a desk.
const COLUMNS: usize = 8;
/// Around each picture, and for its name below it.
const GAP: u32 = 12;
const CAPTION: u32 = 20;
/// A sheet of a hundred pictures takes two seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// The pictures of README, and the ones they are copies of.
const README: [(&str, &str); 3] = [
    ("light.png", "light/25-active.png"),
    ("dark.png", "dark/06-keypad-typing.png"),
    ("crm.webp", "demo-ringing.webp"),
];
/// Everybody who clones the repository has them.
const MAX_README_OCTETS: usize = 60 * 1024;

/// Copies the three pictures of README into `demo/pictures/`.
pub(crate) fn put_into_readme(tree: &Tree) -> Outcome {
    for (name, from) in README {
        let octets = read(&tree.built("pictures").join(from))?;
        if octets.len() > MAX_README_OCTETS {
            return Err(format!("{from} has {} kB, more than README may carry.", octets.len() / 1024));
        }
        write(&tree.at("demo/pictures").join(name), &octets)?;
    }
    Ok(())
}

/// `target/pictures/FORM.png` for each folder of pictures there that was made by the fixtures.
pub(crate) fn sheets(tree: &Tree) -> Outcome {
    let folder = tree.built("pictures");
    let mut forms: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in files_below(&folder)? {
        // `17-incoming` is a fixture; others were taken on the way of a test.
        if let Some((form, name)) = path.split_once('/')
            && name.ends_with(".png")
            && name.starts_with(|first: char| first.is_ascii_digit())
        {
            forms.entry(form.to_owned()).or_default().push(name.to_owned());
        }
    }
    let browser = Chromium::find()?.browser;
    for (form, names) in &forms {
        sheet(&folder, form, names, &browser)?;
    }
    say(format!("{} contact sheets in {}", forms.len(), folder.display()));
    Ok(())
}

fn sheet(folder: &Path, form: &str, names: &[String], browser: &Path) -> Outcome {
    let mut size = (0, 0);
    let mut cells = String::new();
    for name in names {
        let (width, height) = size_of(&read(&folder.join(form).join(name))?)
            .ok_or_else(|| format!("{form}/{name} is no picture."))?;
        size = (size.0.max(width), size.1.max(height));
        let title = name.trim_end_matches(".png");
        cells += &format!("<figure><figcaption>{title}</figcaption><img src=\"{form}/{name}\"></figure>\n");
    }
    let columns = names.len().min(COLUMNS) as u32;
    let rows = names.len().div_ceil(COLUMNS) as u32;
    let (width, height) = (size.0 + GAP, size.1 + GAP + CAPTION);
    let page = format!(
        "<!doctype html><meta charset=\"utf-8\"><title>{form}</title><style>\n\
         body {{ margin: {GAP}px 0 0 {GAP}px; background: #787f8b; color: #fff; font: 12px/{CAPTION}px sans-serif; \
         display: grid; grid-template-columns: repeat({columns}, {}px); gap: 0 {GAP}px }}\n\
         figure {{ margin: 0 0 {GAP}px }} figcaption {{ white-space: nowrap; overflow: hidden }} img {{ display: block }}\n\
         </style>\n{cells}",
        size.0
    );
    let html = folder.join(format!("{form}.html"));
    write(&html, page.as_bytes())?;
    let mut command = Command::new(browser);
    command
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--force-device-scale-factor=1",
        ])
        .arg(format!("--user-data-dir={}", folder.join(".browser").display()))
        .arg(format!("--window-size={},{}", columns * width + GAP, rows * height + GAP))
        .arg(format!("--screenshot={}", folder.join(format!("{form}.png")).display()))
        .arg(format!("file://{}", html.display()))
        .stderr(Stdio::null());
    run_bounded(&mut command, PATIENCE)
}

/// Width and height in the first chunk of a PNG (RFC 2083 §4.1.1).
fn size_of(octets: &[u8]) -> Option<(u32, u32)> {
    let number = |at: usize| Some(u32::from_be_bytes(octets.get(at..at + 4)?.try_into().ok()?));
    (octets.get(12..16)? == b"IHDR").then_some((number(16)?, number(20)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_is_read_from_the_header_and_nothing_else_is_taken_for_a_picture() {
        let mut octets = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        octets.extend([0, 0, 1, 64, 0, 0, 1, 204]);
        assert_eq!(size_of(&octets), Some((320, 460)));
        assert_eq!(size_of(b"<!doctype html><title>"), None);
        assert_eq!(size_of(b""), None);
    }
}
