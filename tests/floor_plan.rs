//! Who may use whom: reads the sources and fails on an arrow that is not in the plan.
//!
//! ```text
//! floor 4   examples/                              compose; own no mathematics
//! floor 3   nn            optim                    nn -> autodiff; optim -> autodiff
//! floor 2   estimate      divergence               estimate -> distribution; divergence -> distribution, autodiff
//! floor 1   distribution              autodiff     neither knows the other
//! floor 0   product   elementary   special         product -> elementary -> parallel, special -> vector -> real
//!           parallel   vector   real   tuple
//! ```
//!
//! Floor 0 is open to everyone. `lib.rs` is the roof: it names every room.

// clippy.toml allows these in test functions, but not in what test functions call.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Every room, its floor, and the rooms that it may use beyond those of floor 0, which are open to the floors above.
const PLAN: &[(&str, u8, &[&str])] = &[
    ("nn", 3, &["autodiff"]),
    ("optim", 3, &["autodiff"]),
    ("estimate", 2, &["distribution"]),
    ("divergence", 2, &["distribution", "autodiff"]),
    ("save", 2, &["autodiff"]),
    ("distribution", 1, &[]),
    ("autodiff", 1, &[]),
    ("product", 0, &["elementary", "parallel", "real", "vector"]),
    ("elementary", 0, &["parallel", "real", "special", "vector"]),
    ("parallel", 0, &["vector"]),
    ("special", 0, &["real", "vector"]),
    ("vector", 0, &["real"]),
    ("real", 0, &[]),
    ("tuple", 0, &[]),
];

/// No source file is longer than this.
const MOST_LINES: usize = 400;

fn floor(room: &str) -> Option<u8> {
    PLAN.iter().find(|(name, ..)| *name == room).map(|&(_, floor, _)| floor)
}

/// May `from` use `to`?
fn may_use(from: &str, to: &str) -> bool {
    let Some(&(_, from_floor, arrows)) = PLAN.iter().find(|(name, ..)| *name == from) else { return false };
    from == to || arrows.contains(&to) || (from_floor > 0 && floor(to) == Some(0))
}

/// A token that matters: a word or one character of punctuation, with the line it is on.
#[derive(Clone, Debug, PartialEq)]
struct Token {
    text: String,
    line: usize,
}

/// The words and punctuation of Rust source, without comments, doc comments, strings and characters.
fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let (mut tokens, mut line, mut i) = (Vec::new(), 1, 0);
    while i < chars.len() {
        let start = i;
        if at(i) == '/' && at(i + 1) == '/' {
            while i < chars.len() && at(i) != '\n' {
                i += 1;
            }
        } else if at(i) == '/' && at(i + 1) == '*' {
            let mut depth = 0; // block comments nest
            loop {
                if at(i) == '/' && at(i + 1) == '*' {
                    (depth, i) = (depth + 1, i + 2);
                } else if at(i) == '*' && at(i + 1) == '/' {
                    (depth, i) = (depth - 1, i + 2);
                } else {
                    i += 1;
                }
                if depth == 0 || i >= chars.len() {
                    break;
                }
            }
        } else if let Some(hashes) = raw_string(&chars[i..]) {
            while at(i) != '"' {
                i += 1;
            }
            i += 1;
            while i < chars.len() && !(at(i) == '"' && (1..=hashes).all(|k| at(i + k) == '#')) {
                i += 1;
            }
            i += 1 + hashes;
        } else if at(i) == '"' {
            i += 1;
            while i < chars.len() && at(i) != '"' {
                i += if at(i) == '\\' { 2 } else { 1 };
            }
            i += 1;
        } else if at(i) == '\'' && at(i + 1) == '\\' {
            i += 3;
            while i < chars.len() && at(i) != '\'' {
                i += 1;
            }
            i += 1;
        } else if at(i) == '\'' && at(i + 2) == '\'' {
            i += 3; // a character; otherwise it is a lifetime, whose quote is punctuation
        } else if is_word(at(i)) {
            while is_word(at(i)) {
                i += 1;
            }
            tokens.push(Token { text: chars[start..i].iter().collect(), line });
        } else {
            i += 1;
            if !at(start).is_whitespace() {
                tokens.push(Token { text: at(start).to_string(), line });
            }
        }
        let end = i.min(chars.len());
        line += chars[start..end].iter().filter(|&&c| c == '\n').count();
        i = end;
    }
    tokens
}

/// The number of hashes, if a raw string begins here.
fn raw_string(chars: &[char]) -> Option<usize> {
    let prefix = chars.iter().take_while(|&&c| c == 'b' || c == 'c' || c == 'r').count();
    if !(1..=2).contains(&prefix) || chars[prefix - 1] != 'r' {
        return None;
    }
    let hashes = chars[prefix..].iter().take_while(|&&c| c == '#').count();
    (chars.get(prefix + hashes) == Some(&'"')).then_some(hashes)
}

fn is(tokens: &[Token], i: usize, text: &str) -> bool {
    tokens.get(i).is_some_and(|token| token.text == text)
}

fn is_path_separator(tokens: &[Token], i: usize) -> bool {
    is(tokens, i, ":") && is(tokens, i + 1, ":")
}

/// The first segments of what stands at `i`, after a `::`: one word, or the heads of all branches of a group in braces.
fn heads(tokens: &[Token], i: usize) -> Vec<Token> {
    if !is(tokens, i, "{") {
        return tokens.get(i).cloned().into_iter().collect();
    }
    let (mut heads, mut depth, mut at_head) = (Vec::new(), 0, false);
    for token in &tokens[i..] {
        match token.text.as_str() {
            "{" => {
                depth += 1;
                at_head = depth == 1;
            }
            "}" => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            "," => at_head = depth == 1,
            _ if at_head => {
                heads.push(token.clone());
                at_head = false;
            }
            _ => {}
        }
    }
    heads
}

/// The names at the root of the crate that this source uses, by `crate::...` or by enough `super`s. `depth` is the number of modules
/// that the file is below the root: 1 for `src/room.rs` and `src/room/mod.rs`, 2 for `src/room/file.rs`.
fn names_at_root(source: &str, depth: usize) -> Vec<Token> {
    let tokens = tokens(source);
    let mut names = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        let begins = i == 0 || !is(&tokens, i - 1, ":");
        if begins && is(&tokens, i, "crate") {
            if is_path_separator(&tokens, i + 1) {
                names.extend(heads(&tokens, i + 3));
            } else if is(&tokens, i + 1, "as") {
                names.push(tokens[i].clone()); // `use crate as c` would hide every arrow after it
            }
        } else if begins && is(&tokens, i, "super") {
            let mut supers = 1;
            while is_path_separator(&tokens, i + 1) && is(&tokens, i + 3, "super") {
                (supers, i) = (supers + 1, i + 3);
            }
            if supers >= depth && is_path_separator(&tokens, i + 1) {
                names.extend(heads(&tokens, i + 3));
            }
        }
        i += 1;
    }
    names
}

/// The room that a name at the root belongs to, by way of the re-exports of `lib.rs`; `None` for what is no room's.
fn room_of(name: &str, exports: &BTreeMap<String, String>) -> Option<String> {
    if floor(name).is_some() { Some(name.to_owned()) } else { exports.get(name).cloned() }
}

/// Where the names come from that `lib.rs` re-exports: `pub use room::{A, B}`. Foreign crates stand for themselves.
fn exports(lib: &str) -> BTreeMap<String, String> {
    let tokens = tokens(lib);
    let mut exports = BTreeMap::new();
    for i in 0..tokens.len() {
        if is(&tokens, i, "pub") && is(&tokens, i + 1, "use") {
            if is_path_separator(&tokens, i + 3) {
                for name in heads(&tokens, i + 5) {
                    exports.insert(name.text, tokens[i + 2].text.clone());
                }
            } else {
                for name in heads(&tokens, i + 2) {
                    exports.insert(name.text.clone(), name.text);
                }
            }
        }
    }
    exports
}

/// What `room` uses against the plan, in words.
fn violations(room: &str, depth: usize, source: &str, exports: &BTreeMap<String, String>) -> Vec<String> {
    let mut violations = Vec::new();
    for Token { text, line } in names_at_root(source, depth) {
        match room_of(&text, exports) {
            Some(to) if floor(&to).is_none() => {} // a foreign crate
            Some(to) if may_use(room, &to) => {}
            Some(to) => violations.push(format!("line {line}: {room} -> {to} is not in the plan")),
            None => violations.push(format!("line {line}: {room} uses `{text}`, which is in no room")),
        }
    }
    violations
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// All source files below `directory`.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The modules that lead to a file: `["divergence", "exact"]` for both `divergence/exact.rs` and `divergence/exact/mod.rs`.
fn modules(file: &Path) -> Vec<String> {
    let relative = file.strip_prefix(src()).unwrap().with_extension("");
    let mut modules: Vec<_> = relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if modules.last().is_some_and(|last| last == "mod") {
        modules.pop();
    }
    modules
}

fn lib() -> String {
    fs::read_to_string(src().join("lib.rs")).unwrap()
}

#[test]
fn every_arrow_between_rooms_is_in_the_plan() {
    let exports = exports(&lib());
    let (mut all, mut read) = (Vec::new(), 0);
    for file in files(&src()).iter().filter(|file| !file.ends_with("src/lib.rs")) {
        let modules = modules(file);
        for violation in violations(&modules[0], modules.len(), &fs::read_to_string(file).unwrap(), &exports) {
            all.push(format!("{}, {violation}", file.display()));
        }
        read += 1;
    }
    assert!(read >= PLAN.len(), "only {read} files were read");
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn every_arrow_of_the_plan_points_down() {
    for &(from, from_floor, arrows) in PLAN {
        for &to in arrows {
            let to_floor = floor(to).unwrap();
            // On floor 0 the order of the list is the order of the stairs.
            let index = |room| PLAN.iter().position(|(name, ..)| *name == room).unwrap();
            assert!(to_floor < from_floor || (from_floor == 0 && index(from) < index(to)), "{from} -> {to}");
        }
    }
}

#[test]
fn every_arrow_of_the_plan_is_taken() {
    let exports = exports(&lib());
    let mut taken = BTreeSet::new();
    for file in files(&src()).iter().filter(|file| !file.ends_with("src/lib.rs")) {
        let modules = modules(file);
        for name in names_at_root(&fs::read_to_string(file).unwrap(), modules.len()) {
            taken.insert((modules[0].clone(), room_of(&name.text, &exports).unwrap_or_default()));
        }
    }
    for &(from, _, arrows) in PLAN {
        for &to in arrows {
            assert!(taken.contains(&(from.to_owned(), to.to_owned())), "nothing needs {from} -> {to} any more");
        }
    }
}

#[test]
fn every_file_and_directory_of_src_is_a_room_of_the_plan() {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(src()).unwrap() {
        let path = entry.unwrap().path();
        found.insert(path.file_stem().unwrap().to_string_lossy().into_owned());
    }
    assert!(found.remove("lib"));
    let planned: BTreeSet<_> = PLAN.iter().map(|&(room, ..)| room.to_owned()).collect();
    assert_eq!(found, planned, "a room without a floor, or a floor without its room");
}

/// The names of the modules of `lib.rs` that are public.
fn public_rooms(lib: &str) -> Vec<String> {
    let tokens = tokens(lib);
    (0..tokens.len())
        .filter(|&i| is(&tokens, i, "pub") && is(&tokens, i + 1, "mod"))
        .map(|i| tokens[i + 2].text.clone())
        .collect()
}

#[test]
fn every_public_room_stands_on_its_floor_in_the_documentation_of_the_crate() {
    let lib = lib();
    let drawn: BTreeSet<_> = lib
        .lines()
        .filter_map(|line| line.strip_prefix("//! floor "))
        .flat_map(|line| {
            let mut words = line.split_whitespace();
            let floor: u8 = words.next().unwrap().parse().unwrap();
            words.map(move |word| (word.to_owned(), floor)).collect::<Vec<_>>()
        })
        .filter(|(word, floor)| *floor < 4 && !word.is_empty())
        .collect();
    let public: BTreeSet<_> =
        public_rooms(&lib).into_iter().map(|room| (room.clone(), floor(&room).unwrap())).collect();
    assert!(public.len() >= 8, "{public:?}");
    assert_eq!(drawn, public, "the picture in lib.rs and the public rooms differ");
}

#[test]
fn every_public_room_is_explained_in_the_documentation_of_the_crate() {
    let lib = lib();
    let docs: String = lib.lines().filter(|line| line.starts_with("//! |")).collect();
    let missing: Vec<_> =
        public_rooms(&lib).into_iter().filter(|room| !docs.contains(&format!("[`{room}`]"))).collect();
    assert!(missing.is_empty(), "not in the table of rooms: {missing:?}");
}

#[test]
fn no_source_file_is_longer_than_400_lines() {
    for file in files(&src()) {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= MOST_LINES, "{} has {lines} lines", file.display());
    }
}

/// What the checker says of made-up source in `src/<room>.rs`.
fn verdict(room: &str, source: &str) -> Vec<String> {
    violations(room, 1, source, &exports("pub use nn::Layer; pub use {nalgebra, rand}; pub use autodiff::{Tape, Var};"))
}

#[test]
fn the_checker_finds_an_arrow_that_points_up() {
    assert_eq!(verdict("autodiff", "\nuse crate::nn::Dense;\n"), ["line 2: autodiff -> nn is not in the plan"]);
    assert_eq!(verdict("distribution", "fn f() { crate::estimate::fit(); }").len(), 1);
    assert_eq!(verdict("real", "fn f<'a>(x: &'a u8) -> u8 { crate::special::g(x) }").len(), 1);
}

#[test]
fn the_checker_finds_an_arrow_across_a_floor() {
    assert_eq!(verdict("optim", "use crate::nn::Dense;").len(), 1);
    assert_eq!(verdict("autodiff", "use crate::distribution::Density;").len(), 1);
    assert_eq!(verdict("special", "use crate::elementary::Function;").len(), 1);
    assert_eq!(verdict("nn", "use crate::divergence::Game;"), ["line 1: nn -> divergence is not in the plan"]);
}

#[test]
fn the_checker_looks_into_every_branch_of_a_nested_use() {
    let source = "use crate::{\n    real::{Real, real},\n    autodiff::{check::{self, gradients}, Tape},\n    nn,\n    optim::Adam as A,\n};";
    assert_eq!(
        verdict("divergence", source),
        ["line 4: divergence -> nn is not in the plan", "line 5: divergence -> optim is not in the plan"]
    );
}

#[test]
fn the_checker_sees_through_re_exports_and_supers() {
    assert_eq!(verdict("autodiff", "use crate::Layer;"), ["line 1: autodiff -> nn is not in the plan"]);
    assert_eq!(verdict("distribution", "use super::autodiff::Tape;").len(), 1);
    assert_eq!(violations("distribution", 2, "use super::super::autodiff::Tape;", &BTreeMap::new()).len(), 1);
    assert_eq!(violations("distribution", 2, "use super::autodiff;", &BTreeMap::new()), [""; 0]); // distribution::autodiff
    assert_eq!(verdict("autodiff", "use crate as c; use c::nn::Dense;").len(), 1);
    assert_eq!(verdict("autodiff", "use crate::*;").len(), 1);
    assert_eq!(verdict("autodiff", "use crate::attic::Bat;"), ["line 1: autodiff uses `attic`, which is in no room"]);
}

#[test]
fn the_checker_allows_what_the_plan_allows() {
    let source =
        "use crate::autodiff::Tape; use crate::{Var, real::Real, nalgebra}; pub(crate) fn f() { crate::nn::g() }";
    assert_eq!(verdict("nn", source), [""; 0]);
    assert_eq!(verdict("elementary", "use crate::special; use crate::real::Real;"), [""; 0]);
}

#[test]
fn the_checker_ignores_comments_strings_and_documentation() {
    let source = r####"
        //! See [`nn`](crate::nn).
        /// And [`Adam`](crate::optim::Adam).
        // use crate::nn;
        /* use crate::nn; /* nested: use crate::nn; */ use crate::nn; */
        #[doc = "crate::nn"]
        const TEXT: [&str; 3] = ["use crate::nn; \" crate::nn", r"crate::nn\", r##"crate::nn "# crate::nn"##];
        const QUOTE: [char; 3] = ['"', '\'', '\\'];
        fn f<'a>() -> &'a str { "crate::nn" }
        const UNICODE: char = '\u{22}';
    "####;
    assert_eq!(verdict("autodiff", source), [""; 0]);
    // And what follows all this is still read.
    assert_eq!(verdict("autodiff", &format!("{source} use crate::nn;")).len(), 1);
}
