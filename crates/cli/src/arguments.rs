//! The command line, read by hand. It never reads a password from it: those show in the list of processes.

use softframe_sip::{Config, Secret};
use std::{path::PathBuf, time::Duration};

/// What there is to type.
pub const USAGE: &str = "\
usage: softframe-cli --server URL --user NAME --password-env VARIABLE TASK

  register             signs in, and out again
  call NUMBER          calls, hangs up soon after the answer
  listen               waits for a call, answers it, and stays until it ends
  message NUMBER TEXT  sends a text message
  options              asks the server what it can; needs no account
  trace                signs in and shows whole messages until it is interrupted

  --server URL         wss://pbx.example:8443/ws; several: the next where one fails
  --user NAME          of the account; --auth-user NAME where the digest has another
  --domain NAME        of the account, where it is not the host of the server
  --password-env NAME  the variable of the environment that holds the password
  --ca FILE            believe the authorities in this file (PEM), and no others
  --expires SECONDS    to register for (default 600)
  --seconds N          call: how long after the answer (default 2); listen, trace: at most so long
  --answer CODE        listen: how (default 200)
  --whole              whole messages, not only their first lines

Nothing is heard: descriptions of sound say `inactive`. Passwords, digests and keys are not shown.";

/// Seconds of a registration, as the widget asks for.
const EXPIRES: u32 = 600;
/// Between answer and BYE.
const TALK: Duration = Duration::from_secs(2);

/// What is to be done, and as whom.
#[derive(Clone)]
pub struct Arguments {
    /// The account; its instance is yet to be drawn.
    pub(crate) config: Config,
    pub(crate) ca: Option<PathBuf>,
    pub(crate) task: Task,
    pub(crate) is_whole: bool,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // see USAGE
pub enum Task {
    Register,
    Call { number: String, talk: Duration },
    Listen { code: u16, most: Option<Duration> },
    Message { number: String, text: String },
    Options,
    Trace { most: Option<Duration> },
}

impl Arguments {
    /// Reads what was typed; `variable` looks into the environment.
    ///
    /// # Errors
    /// A sentence that says what is missing or not understood.
    pub fn read(words: &[String], variable: impl Fn(&str) -> Option<String>) -> Result<Arguments, String> {
        let mut typed = Typed::of(words)?;
        let servers: Vec<String> = std::iter::from_fn(|| typed.take("--server")).collect();
        let first = servers.first().ok_or("--server is missing.")?;
        if let Some(odd) = servers.iter().find(|url| !url.starts_with("wss://") && !url.starts_with("ws://"))
        {
            return Err(format!("{odd} begins with neither wss:// nor ws://."));
        }
        let domain = typed.take("--domain").unwrap_or_else(|| host(first));
        let user = typed.take("--user");
        let password = typed.take("--password-env").map(|name| {
            variable(&name).ok_or_else(|| format!("There is no variable {name} in the environment."))
        });
        let seconds = typed.number("--seconds")?.map(Duration::from_secs);
        let code = typed.number("--answer")?.unwrap_or(200);
        let code = u16::try_from(code).ok().filter(|code| (200..700).contains(code));
        let expires = typed.number("--expires")?.unwrap_or(u64::from(EXPIRES));
        let expires = u32::try_from(expires).map_err(|_| "So long nobody registers.")?;
        let is_whole = typed.flag("--whole");
        let (auth_user, ca) = (typed.take("--auth-user"), typed.take("--ca").map(PathBuf::from));
        let task = typed.task(seconds, code.ok_or("--answer takes 200 to 699.")?)?;
        typed.is_used_up()?;
        if task != Task::Options && (user.is_none() || password.is_none()) {
            return Err("--user and --password-env are missing.".to_owned());
        }
        let config = Config {
            servers,
            user: user.unwrap_or_else(|| "nobody".to_owned()),
            domain,
            auth_user,
            display_name: None,
            secret: Secret::Password(password.transpose()?.unwrap_or_default()),
            instance: String::new(),
            expires,
            user_agent: concat!("softframe-cli/", env!("CARGO_PKG_VERSION")).to_owned(),
        };
        let is_whole = is_whole || matches!(task, Task::Trace { .. });
        Ok(Arguments { config, ca, task, is_whole })
    }
}

/// `wss://host:port/path` to `host`.
fn host(url: &str) -> String {
    let rest = url.split_once("//").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|octet| octet.is_ascii_digit()) => host.to_owned(),
        Some(_) | None => authority.to_owned(),
    }
}

/// What was typed and is not used yet.
struct Typed {
    options: Vec<(String, String)>,
    flags: Vec<String>,
    words: std::collections::VecDeque<String>,
}

impl Typed {
    fn of(words: &[String]) -> Result<Typed, String> {
        let mut typed = Typed { options: Vec::new(), flags: Vec::new(), words: Default::default() };
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            match word.as_str() {
                "--whole" => typed.flags.push(word.clone()),
                option if option.starts_with("--") => {
                    let value = rest.next().ok_or_else(|| format!("{option} wants a value."))?;
                    typed.options.push((word.clone(), value.clone()));
                }
                _ => typed.words.push_back(word.clone()),
            }
        }
        Ok(typed)
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let place = self.options.iter().position(|(option, _)| option == name)?;
        Some(self.options.remove(place).1)
    }

    fn number(&mut self, name: &str) -> Result<Option<u64>, String> {
        let value = self.take(name);
        value.map(|text| text.parse().map_err(|_| format!("{name} {text} is no number."))).transpose()
    }

    fn flag(&mut self, name: &str) -> bool {
        self.flags.iter().any(|flag| flag == name)
    }

    fn task(&mut self, seconds: Option<Duration>, code: u16) -> Result<Task, String> {
        let name = self.words.pop_front().unwrap_or_default();
        Ok(match name.as_str() {
            "register" => Task::Register,
            "call" => Task::Call { number: self.word("call whom?")?, talk: seconds.unwrap_or(TALK) },
            "listen" => Task::Listen { code, most: seconds },
            "message" => Task::Message {
                number: self.word("a message to whom?")?,
                text: self.word("a message of what?")?,
            },
            "options" => Task::Options,
            "trace" => Task::Trace { most: seconds },
            "" => return Err("What is to be done?".to_owned()),
            other => return Err(format!("There is no task {other}.")),
        })
    }

    fn word(&mut self, question: &str) -> Result<String, String> {
        self.words.pop_front().ok_or_else(|| question.to_owned())
    }

    fn is_used_up(&self) -> Result<(), String> {
        let option = self.options.first().map(|(name, _)| name);
        option.or(self.words.front()).map_or(Ok(()), |odd| Err(format!("What is {odd}?")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Arguments, String> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        Arguments::read(&words, |name| (name == "SECRET").then(|| "s3cret".to_owned()))
    }

    #[test]
    fn account_and_task_are_read_in_any_order() {
        let line = "call 201 --server wss://pbx.example:8443/ws --user 200 --password-env SECRET --seconds 5";
        let arguments = read(line).expect("understood");
        assert_eq!(arguments.task, Task::Call { number: "201".to_owned(), talk: Duration::from_secs(5) });
        assert_eq!(arguments.config.domain, "pbx.example", "the host of the server");
        assert_eq!(arguments.config.expires, 600);
        let Secret::Password(password) = arguments.config.secret else { panic!("a password") };
        assert_eq!(password, "s3cret");
        assert!(read("options --server ws://[::1]:5060/").is_ok_and(|read| read.config.domain == "[::1]"));
    }

    #[test]
    fn what_is_missing_or_odd_is_named() {
        for (line, sentence) in [
            ("register", "--server is missing."),
            ("register --server https://pbx.example", "https://pbx.example begins with neither"),
            ("register --server wss://pbx.example", "--user and --password-env are missing."),
            ("register --server wss://p --user 200 --password-env NONE", "There is no variable NONE"),
            ("register --server wss://p --user 200 --password secret", "What is --password?"),
            ("call --server wss://p --user 200 --password-env SECRET", "call whom?"),
            ("wait --server wss://p --user 200 --password-env SECRET", "There is no task wait."),
            (
                "listen --server wss://p --user 2 --password-env SECRET --answer 180",
                "--answer takes 200 to 699.",
            ),
            ("register --server wss://p --user 2 --password-env SECRET --expires long", "is no number"),
        ] {
            let error = read(line).err().unwrap_or_default();
            assert!(error.contains(sentence), "{line}: {error}");
        }
    }
}
