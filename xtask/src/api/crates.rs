//! The sources of a library and of the siblings it re-exports, and what a name in them means.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use syn::{Attribute, Item, ItemMod, UseTree};

use super::macros;
use crate::place::project_root;

/// A module: the crate's name, then the modules down to it.
pub(super) type Place = Vec<String>;

/// A library and the siblings that it can re-export from, by their modules.
pub(super) struct Crates {
    /// The library's own name.
    pub(super) name: String,
    modules: BTreeMap<Place, Vec<Item>>,
}

impl Crates {
    /// Reads a package, and the sibling libraries that it uses.
    pub(super) fn read(package: &str) -> Result<Self> {
        let name = package.replace('-', "_");
        let mut crates = Self {
            name: name.clone(),
            modules: BTreeMap::new(),
        };
        crates.read_library(package)?;
        let uses_siblings: Vec<String> = crates
            .modules
            .values()
            .flatten()
            .filter_map(|item| match item {
                Item::Use(item) => match &item.tree {
                    UseTree::Path(path) => Some(path.ident.to_string()),
                    _ => None,
                },
                _ => None,
            })
            .filter(|used| used.starts_with("authing") && *used != name)
            .collect();
        for sibling in uses_siblings {
            if !crates.modules.contains_key(&vec![sibling.clone()]) {
                crates.read_library(&sibling.replace('_', "-"))?;
            }
        }
        Ok(crates)
    }

    /// A library of one text, for tests.
    #[cfg(test)]
    pub(super) fn parse(name: &str, source: &str) -> Result<Self> {
        let mut crates = Self {
            name: name.to_owned(),
            modules: BTreeMap::new(),
        };
        let items = syn::parse_file(source)?.items;
        crates.add(vec![name.to_owned()], items, Path::new("nowhere"))?;
        Ok(crates)
    }

    fn read_library(&mut self, package: &str) -> Result<()> {
        let folder = project_root().join("crates").join(package).join("src");
        let items = parse(&folder.join("lib.rs"))?;
        self.add(vec![package.replace('-', "_")], items, &folder)
    }

    /// Adds a module and those below it; `folder` is where the files of those lie.
    fn add(&mut self, place: Place, items: Vec<Item>, folder: &Path) -> Result<()> {
        let items =
            macros::expanded(items).with_context(|| format!("a macro in {}", place.join("::")))?;
        for item in &items {
            let Item::Mod(module) = item else { continue };
            if is_test(module) {
                continue;
            }
            let name = module.ident.to_string();
            let below = folder.join(&name);
            let items = match &module.content {
                Some((_, items)) => items.clone(),
                None => {
                    let beside = folder.join(format!("{name}.rs"));
                    let inside = below.join("mod.rs");
                    parse(if beside.is_file() { &beside } else { &inside })?
                }
            };
            let mut place = place.clone();
            place.push(name);
            self.add(place, items, &below)?;
        }
        self.modules.insert(place, items);
        Ok(())
    }

    /// The items of a module.
    pub(super) fn items(&self, place: &Place) -> Result<&[Item]> {
        let items = self.modules.get(place);
        Ok(items.with_context(|| format!("there is no module {}", place.join("::")))?)
    }

    /// The modules of the crate that a place is in.
    pub(super) fn modules_beside(&self, place: &Place) -> impl Iterator<Item = (&Place, &Item)> {
        let name = place.first().cloned();
        self.modules
            .iter()
            .filter(move |(other, _)| other.first() == name.as_ref())
            .flat_map(|(place, items)| items.iter().map(move |item| (place, item)))
    }

    /// What must be switched on for a module to be there at all.
    pub(super) fn conditions(&self, place: &Place) -> Vec<Attribute> {
        let mut conditions = Vec::new();
        for depth in 1..place.len() {
            let declared = self.modules.get(&place[..depth]).into_iter().flatten();
            let declared = declared.filter_map(|item| match item {
                Item::Mod(module) if module.ident == place[depth] => Some(module),
                _ => None,
            });
            let attributes = declared.flat_map(|module| &module.attrs);
            conditions.extend(
                attributes
                    .filter(|each| each.path().is_ident("cfg"))
                    .cloned(),
            );
        }
        conditions
    }

    /// Where the item that a path in a module means is defined, and under which name; nothing if
    /// that is in none of these crates.
    pub(super) fn resolve(&self, from: &Place, path: &[String]) -> Result<Option<(Place, String)>> {
        ensure!(path.len() < 16, "{}: too deep", path.join("::"));
        let Some((first, rest)) = path.split_first() else {
            bail!("an empty path in {}", from.join("::"));
        };
        let mut below = from.clone();
        below.push(first.clone());
        let start = match first.as_str() {
            "crate" => from[..1].to_vec(),
            "self" => from.clone(),
            "super" => from[..from.len() - 1].to_vec(),
            _ if self.modules.contains_key(&below) && !rest.is_empty() => below,
            _ if self.modules.contains_key(&vec![first.clone()]) => vec![first.clone()],
            _ if rest.is_empty() => return self.look_up(from, first),
            _ => {
                // A name that a `use` brought here, or a crate that is none of ours.
                return match self.imported(from, first)? {
                    None => Ok(None),
                    Some(whole) => self.resolve(from, &[&whole[..], rest].concat()),
                };
            }
        };
        match rest {
            [] => Ok(None),
            [name] => self.look_up(&start, name),
            [module, ..] if module == "super" => self.resolve(&start, rest),
            [module, name @ ..] => {
                let mut below = start;
                below.push(module.clone());
                let mut path = vec!["self".to_owned()];
                path.extend_from_slice(name);
                self.items(&below)?;
                self.resolve(&below, &path)
            }
        }
    }

    /// A name in a module: an item of its own, or one that a `use` brought there.
    fn look_up(&self, place: &Place, name: &str) -> Result<Option<(Place, String)>> {
        let own = self
            .items(place)?
            .iter()
            .any(|item| super::skeleton::name(item).is_some_and(|ident| ident == name));
        if own {
            return Ok(Some((place.clone(), name.to_owned())));
        }
        match self.imported(place, name)? {
            None => Ok(None),
            Some(path) => self.resolve(place, &path),
        }
    }

    /// The path that a `use` in a module gives a name to.
    fn imported(&self, place: &Place, name: &str) -> Result<Option<Vec<String>>> {
        for item in self.items(place)? {
            if let Item::Use(item) = item {
                for (path, given) in leaves(&item.tree)? {
                    if given == name && path != [name] {
                        return Ok(Some(path));
                    }
                }
            }
        }
        Ok(None)
    }
}

/// Whether a module is there for tests alone.
pub(super) fn is_test(module: &ItemMod) -> bool {
    let is_test = |attribute: &Attribute| match &attribute.meta {
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    };
    module.attrs.iter().any(is_test)
}

/// The paths of a `use`, each with the name it is given.
pub(super) fn leaves(tree: &UseTree) -> Result<Vec<(Vec<String>, String)>> {
    Ok(match tree {
        UseTree::Path(path) => leaves(&path.tree)?
            .into_iter()
            .map(|(rest, name)| {
                let mut whole = vec![path.ident.to_string()];
                whole.extend(rest);
                (whole, name)
            })
            .collect(),
        UseTree::Name(name) => vec![(vec![name.ident.to_string()], name.ident.to_string())],
        UseTree::Rename(name) => vec![(vec![name.ident.to_string()], name.rename.to_string())],
        UseTree::Group(group) => {
            let nested: Result<Vec<_>> = group.items.iter().map(leaves).collect();
            nested?.concat()
        }
        // Harmless in private; a public one is refused where it is met.
        UseTree::Glob(_) => vec![(vec!["*".to_owned()], "*".to_owned())],
    })
}

fn parse(path: &Path) -> Result<Vec<Item>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let file = syn::parse_file(&text).with_context(|| path.display().to_string())?;
    Ok(file.items)
}
