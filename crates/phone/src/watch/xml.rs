//! Reads the XML of presence and dialog state: elements, attributes and text, in one pass over the octets.
//!
//! It never expands an entity of a document's own: a document with a DOCTYPE is refused as a whole, as is one that is
//! nested deeper than any of ours. Namespaces are not resolved; names are compared without their prefix. (quick-xml without
//! features would do the same for 5 kB more of the module, and the bounds would still have to be ours.)

/// Deepest nesting: PIDF with its extensions has six levels.
const MAX_DEPTH: usize = 32;
/// Attributes of one element that are kept.
const MAX_ATTRIBUTES: usize = 16;

/// One step through a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node<'a> {
    /// `<name …>`; one that is empty (`<name/>`) is followed by its `End`.
    Start { name: &'a str, attributes: Vec<(&'a str, String)> },
    /// Text between elements, decoded; never empty.
    Text(String),
    /// `</name>`.
    End { name: &'a str },
}

/// What cannot be read ends the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken;

/// A document on its way through. Costs what it is long.
pub(crate) struct Reader<'a> {
    rest: &'a str,
    open: Vec<&'a str>,
    /// An empty element whose end is still to be told.
    ends: bool,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str) -> Reader<'a> {
        Reader { rest: text, open: Vec::new(), ends: false }
    }

    /// The next step, `None` at the end of the document.
    pub(crate) fn next(&mut self) -> Result<Option<Node<'a>>, Broken> {
        if std::mem::take(&mut self.ends) {
            return self.open.pop().map(|name| Some(Node::End { name: local(name) })).ok_or(Broken);
        }
        loop {
            let Some(markup) = self.rest.strip_prefix('<') else {
                let end = self.rest.find('<').unwrap_or(self.rest.len());
                let (text, rest) = self.rest.split_at(end);
                self.rest = rest;
                match text.trim() {
                    "" if rest.is_empty() => return self.open.is_empty().then_some(None).ok_or(Broken),
                    "" => continue,
                    text => return Ok(Some(Node::Text(decoded(text)))),
                }
            };
            if let Some(data) = markup.strip_prefix("![CDATA[") {
                let (text, rest) = data.split_once("]]>").ok_or(Broken)?;
                self.rest = rest;
                return Ok(Some(Node::Text(text.to_owned())));
            }
            let skipped =
                [("!--", "-->"), ("?", "?>")].into_iter().find(|(start, _)| markup.starts_with(start));
            if let Some((start, end)) = skipped {
                let inner = markup.get(start.len()..).ok_or(Broken)?;
                self.rest = inner.split_once(end).ok_or(Broken)?.1;
                continue;
            }
            return match markup.strip_prefix('/') {
                Some(closing) => self.close(closing).map(Some),
                // DOCTYPE and its kind.
                None if markup.starts_with('!') => Err(Broken),
                None => self.start(markup).map(Some),
            };
        }
    }

    fn close(&mut self, closing: &'a str) -> Result<Node<'a>, Broken> {
        let (name, rest) = closing.split_once('>').ok_or(Broken)?;
        self.rest = rest;
        match self.open.pop() {
            Some(open) if open == name.trim_end() => Ok(Node::End { name: local(open) }),
            Some(_) | None => Err(Broken),
        }
    }

    fn start(&mut self, markup: &'a str) -> Result<Node<'a>, Broken> {
        let is_end = |c: char| c.is_whitespace() || c == '>' || c == '/';
        let (name, mut rest) = markup.split_at(markup.find(is_end).ok_or(Broken)?);
        if name.is_empty() || self.open.len() >= MAX_DEPTH {
            return Err(Broken);
        }
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix('>') {
                self.rest = after;
                break;
            }
            if let Some(after) = rest.strip_prefix("/>") {
                (self.rest, self.ends) = (after, true);
                break;
            }
            let (key, value) = rest.split_once('=').ok_or(Broken)?;
            let value = value.trim_start();
            let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\'')).ok_or(Broken)?;
            let (value, after) = value.get(1..).and_then(|value| value.split_once(quote)).ok_or(Broken)?;
            if key.contains(['<', '>']) || value.contains('<') {
                return Err(Broken);
            }
            if attributes.len() < MAX_ATTRIBUTES {
                attributes.push((local(key.trim_end()), decoded(value)));
            }
            rest = after;
        }
        self.open.push(name);
        Ok(Node::Start { name: local(name), attributes })
    }
}

/// A name without its prefix.
fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// With the five entities that every document has, and characters by their number; others stay as they stand.
fn decoded(text: &str) -> String {
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(';').unwrap_or((part, ""));
        let number = |digits: &str| match digits.strip_prefix('x') {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => digits.parse().ok(),
        };
        let character = match name {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => name.strip_prefix('#').and_then(number).and_then(char::from_u32),
        };
        match character {
            Some(character) => {
                out.push(character);
                out.push_str(rest);
            }
            None => {
                out.push('&');
                out.push_str(part);
            }
        }
    }
    out
}

/// Text as it may stand in an element or attribute of ours.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, Broken> {
        let mut reader = Reader::new(text);
        let mut out = String::new();
        while let Some(node) = reader.next()? {
            out += &match node {
                Node::Start { name, attributes } => {
                    let attributes: Vec<String> =
                        attributes.iter().map(|(key, value)| format!(" {key}={value}")).collect();
                    format!("<{name}{}>", attributes.concat())
                }
                Node::Text(text) => text,
                Node::End { name } => format!("</{name}>"),
            };
        }
        Ok(out)
    }

    #[test]
    fn elements_attributes_text_and_what_is_skipped() {
        for (text, expected) in [
            ("<?xml version=\"1.0\"?>\n<!-- a > b --><a/>", "<a></a>"),
            ("<p:a xmlns:p='u' p:b = \"1 &lt; 2\"  c='\"'>x</p:a >", "<a p=u b=1 < 2 c=\">x</a>"),
            ("<a> one &amp; two <![CDATA[<three> & four]]></a>", "<a>one & two<three> & four</a>"),
            ("<a>&#65;&#x42;&unknown;&#xD800;&</a>", "<a>AB&unknown;&#xD800;&</a>"),
            ("<a\r\n\tb='c'\r\n/>\r\n", "<a b=c></a>"),
            ("", ""),
            ("  \n", ""),
        ] {
            assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn broken_documents_and_bombs_end() {
        let deep = "<a>".repeat(MAX_DEPTH + 1);
        for text in [
            "<a>",
            "<a></b>",
            "</a>",
            "<a",
            "<a b>",
            "<a b=c>",
            "<a b='c>",
            "<a b='<'>",
            "<>",
            "<a><!-- </a>",
            "<a><![CDATA[ </a>",
            "<!DOCTYPE a [<!ENTITY l 'lol'><!ENTITY m '&l;&l;'>]><a>&m;</a>",
            "<a><!ENTITY x></a>",
            &deep,
        ] {
            assert_eq!(read(text), Err(Broken), "{text}");
        }
    }

    #[test]
    fn work_grows_as_the_text_does() {
        // Each ends after one look at each octet; a quadratic reader would need minutes for these.
        for piece in ["<a>", "<a b='", "&", "<!--", "<a ", "<![CDATA[", "x", "<a/>", "a=\"\" "] {
            let _ = read(&piece.repeat(400_000));
            let _ = read(&format!("<a {}/>", piece.repeat(400_000)));
        }
    }

    #[test]
    fn what_is_escaped_is_read_back() {
        let text = "<\"Ana\" & 'Bo'>";
        assert_eq!(read(&format!("<a b=\"{}\"/>", escaped(text))), Ok(format!("<a b={text}></a>")));
    }
}
