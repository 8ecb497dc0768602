//! What a change does to the public items of the generated Rust.

use std::collections::BTreeMap;

use anyhow::Result;
use quote::ToTokens;
use serde::Serialize;
use syn::{Fields, FnArg, ImplItem, Item, Visibility};

/// An item whose type or signature changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// Its path.
    pub item: String,
    /// What it was.
    pub old: String,
    /// What it is.
    pub new: String,
}

/// What became of the public items.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Surface {
    /// Items that are new, with their types.
    pub added: Vec<String>,
    /// Items that are gone.
    pub removed: Vec<String>,
    /// Items of another type.
    pub changed: Vec<Changed>,
}

impl Surface {
    /// Compares two generated files.
    ///
    /// # Errors
    ///
    /// If either is not Rust.
    pub fn diff(old: &str, new: &str) -> Result<Self> {
        let (old, new) = (items(old)?, items(new)?);
        let mut surface = Self::default();
        for (item, new_type) in &new {
            match old.get(item) {
                None => surface.added.push(show(item, new_type)),
                Some(old_type) if old_type != new_type => surface.changed.push(Changed {
                    item: item.clone(),
                    old: old_type.clone(),
                    new: new_type.clone(),
                }),
                Some(_) => {}
            }
        }
        let gone = old.keys().filter(|item| !new.contains_key(*item));
        surface.removed.extend(gone.cloned());
        Ok(surface)
    }

    /// Whether nothing became of them.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn show(item: &str, of: &str) -> String {
    if of.is_empty() {
        item.to_owned()
    } else {
        format!("{item}: {of}")
    }
}

/// The public items of a file, with their types.
fn items(code: &str) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for item in syn::parse_file(code)?.items {
        collect(&item, "", &mut found);
    }
    Ok(found)
}

fn collect(item: &Item, prefix: &str, found: &mut BTreeMap<String, String>) {
    match item {
        Item::Mod(module) if is_public(&module.vis) => {
            let prefix = format!("{prefix}{}::", module.ident);
            for item in module.content.iter().flat_map(|(_, items)| items) {
                collect(item, &prefix, found);
            }
        }
        Item::Struct(item) if is_public(&item.vis) => {
            let name = format!("{prefix}{}", item.ident);
            fields(&item.fields, &name, true, found);
            found.insert(name, "struct".to_owned());
        }
        Item::Enum(item) if is_public(&item.vis) => {
            let name = format!("{prefix}{}", item.ident);
            for variant in &item.variants {
                let name = format!("{name}::{}", variant.ident);
                found.insert(name, text(&variant.fields));
            }
            found.insert(name, "enum".to_owned());
        }
        Item::Impl(block) if block.trait_.is_none() => {
            let owner = text(&block.self_ty);
            for item in &block.items {
                if let ImplItem::Fn(function) = item
                    && is_public(&function.vis)
                {
                    let signature = &function.sig;
                    let inputs: Vec<String> = signature
                        .inputs
                        .iter()
                        .map(|input| match input {
                            FnArg::Receiver(receiver) => text(receiver),
                            FnArg::Typed(typed) => text(typed),
                        })
                        .collect();
                    let name = format!("{prefix}{owner}::{}", signature.ident);
                    let output = text(&signature.output);
                    found.insert(name, format!("fn({}) {output}", inputs.join(", ")));
                }
            }
        }
        _ => {}
    }
}

fn fields(fields: &Fields, owner: &str, public_only: bool, found: &mut BTreeMap<String, String>) {
    for (index, field) in fields.iter().enumerate() {
        if public_only && !is_public(&field.vis) {
            continue;
        }
        let name = field
            .ident
            .as_ref()
            .map_or_else(|| index.to_string(), ToString::to_string);
        found.insert(format!("{owner}.{name}"), text(&field.ty));
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Tokens as a reader would write them.
fn text(tokens: &impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string();
    for (from, to) in [
        (":: std :: option :: Option", "Option"),
        (":: std :: string :: String", "String"),
        (":: std :: vec :: Vec", "Vec"),
        (" :: ", "::"),
        (":: ", "::"),
        (" < ", "<"),
        (" >", ">"),
        ("& ", "&"),
        (" ,", ","),
        (" :", ":"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
    ] {
        text = text.replace(from, to);
    }
    text
}
