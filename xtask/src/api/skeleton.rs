//! From the sources to the listing: what is public, without bodies, prose and private parts.

use anyhow::{Context as _, Result, ensure};
use quote::format_ident;
use syn::{
    Attribute, Fields, FnArg, Ident, ImplItem, Item, ItemImpl, ItemMod, Meta, Pat, Signature,
    TraitItem, Type, Visibility, parse_quote,
};

use super::crates::{Crates, Place, is_test, leaves};

/// The listing of a library.
pub(super) fn of(crates: &Crates) -> Result<String> {
    let root = vec![crates.name.clone()];
    let items = public_items(crates, &root)?;
    let text = prettyplease::unparse(&syn::File {
        shebang: None,
        frontmatter: None,
        attrs: Vec::new(),
        items,
    });
    // What has no body ends like a declaration.
    let lines = text.lines().map(|line| match line.strip_suffix(" {}") {
        Some(start) => format!("{start};\n"),
        None if line.trim() == "{}" => ";\n".to_owned(),
        None => format!("{line}\n"),
    });
    Ok(lines.collect::<String>().replace(",\n;\n", ";\n"))
}

/// The public items of a module, each followed by its implementations.
fn public_items(crates: &Crates, place: &Place) -> Result<Vec<Item>> {
    let mut listed = Vec::new();
    for item in crates.items(place)? {
        match item {
            Item::Use(item) if is_public(&item.vis) => {
                for (path, given) in leaves(&item.tree)? {
                    ensure!(given != "*", "a public glob hides what it re-exports");
                    let whole = path.join("::");
                    let Some((home, name)) = crates.resolve(place, &path)? else {
                        let known = path
                            .first()
                            .is_some_and(|first| first.starts_with("authing"));
                        let inside = crates.items(place)?.iter().any(|item| {
                            matches!(item, Item::Mod(module) if path.first().is_some_and(|first| module.ident == first))
                        });
                        ensure!(!known && !inside, "{whole} leads nowhere");
                        listed.push(Item::Use(item.clone()));
                        continue;
                    };
                    add(crates, &mut listed, &home, &name, &given, &item.attrs)?;
                }
            }
            Item::Mod(module) if is_public(&module.vis) && !is_test(module) => {
                listed.push(Item::Mod(public_module(crates, place, module)?));
            }
            other => {
                if let Some(name) = name(other).filter(|_| visibility(other).is_some_and(is_public))
                {
                    let name = name.to_string();
                    add(crates, &mut listed, place, &name, &name, &[])?;
                }
            }
        }
    }
    Ok(listed)
}

fn public_module(crates: &Crates, place: &Place, module: &ItemMod) -> Result<ItemMod> {
    let mut inside = place.clone();
    inside.push(module.ident.to_string());
    let items = public_items(crates, &inside)?;
    Ok(ItemMod {
        attrs: kept(&module.attrs),
        content: Some((Default::default(), items)),
        semi: None,
        ..module.clone()
    })
}

/// Lists an item under the name that it is given, with its implementations.
fn add(
    crates: &Crates,
    listed: &mut Vec<Item>,
    home: &Place,
    name: &str,
    given: &str,
    attributes: &[Attribute],
) -> Result<()> {
    let named = |item: &&Item| self::name(item).is_some_and(|ident| ident == name);
    let item = crates.items(home)?.iter().find(named);
    let item = item.with_context(|| format!("{} has no {name}", home.join("::")))?;
    let mut shown = bare(item.clone(), &format_ident!("{given}"));
    if let (Some(attrs), extra) = (attributes_of(&mut shown), kept(attributes)) {
        attrs.splice(0..0, extra);
    }
    listed.push(shown);
    if !matches!(item, Item::Struct(_) | Item::Enum(_)) {
        return Ok(());
    }
    for (place, item) in crates.modules_beside(home) {
        let Item::Impl(block) = item else { continue };
        let Type::Path(subject) = &*block.self_ty else {
            continue;
        };
        let path: Vec<String> = subject
            .path
            .segments
            .iter()
            .map(|each| each.ident.to_string())
            .collect();
        if crates
            .resolve(place, &path)?
            .is_some_and(|found| found == (home.clone(), name.to_owned()))
        {
            let Some(mut shown) = bare_impl(block.clone(), given) else {
                continue;
            };
            // An implementation in a module of a feature is there with that feature alone.
            let own = crates.conditions(home);
            for condition in crates.conditions(place) {
                if !own.contains(&condition) && !shown.attrs.contains(&condition) {
                    shown.attrs.insert(0, condition);
                }
            }
            listed.push(Item::Impl(shown));
        }
    }
    Ok(())
}

/// An implementation without bodies; nothing if nothing of it is public.
fn bare_impl(mut block: ItemImpl, given: &str) -> Option<ItemImpl> {
    let of_trait = block.trait_.is_some();
    if let Type::Path(subject) = &mut *block.self_ty {
        let mut last = subject.path.segments.last().cloned()?;
        last.ident = format_ident!("{given}");
        subject.path.segments = [last].into_iter().collect();
    }
    block.attrs = kept(&block.attrs);
    block.items.retain_mut(|item| match item {
        ImplItem::Fn(f) => {
            f.attrs = kept(&f.attrs);
            f.block.stmts.clear();
            tidy(&mut f.sig);
            // Those of a trait follow from it.
            !of_trait && is_public(&f.vis)
        }
        ImplItem::Const(item) => {
            item.expr = parse_quote!(_);
            !of_trait && is_public(&item.vis)
        }
        ImplItem::Type(_) => true,
        _ => false,
    });
    (of_trait || !block.items.is_empty()).then_some(block)
}

/// An item without prose, bodies and private parts, under the name that it is given.
fn bare(mut item: Item, given: &Ident) -> Item {
    if let Some(attributes) = attributes_of(&mut item) {
        *attributes = kept(attributes);
    }
    match &mut item {
        Item::Struct(item) => {
            item.ident = given.clone();
            let (all, shown) = (item.fields.len(), retain_public(&mut item.fields));
            if shown < all {
                item.attrs
                    .insert(0, parse_quote!(#[doc = " has private fields"]));
            }
        }
        Item::Enum(item) => {
            item.ident = given.clone();
            for variant in &mut item.variants {
                variant.attrs = kept(&variant.attrs);
                variant
                    .fields
                    .iter_mut()
                    .for_each(|field| field.attrs.clear());
            }
        }
        Item::Trait(item) => {
            item.ident = given.clone();
            for item in &mut item.items {
                match item {
                    TraitItem::Fn(f) => {
                        f.attrs = kept(&f.attrs);
                        f.default = None;
                        tidy(&mut f.sig);
                    }
                    TraitItem::Const(item) => item.attrs.clear(),
                    TraitItem::Type(item) => item.attrs.clear(),
                    _ => {}
                }
            }
        }
        Item::Fn(f) => {
            f.sig.ident = given.clone();
            f.block.stmts.clear();
            tidy(&mut f.sig);
        }
        Item::Const(item) => {
            item.ident = given.clone();
            item.expr = parse_quote!(_);
        }
        Item::Type(item) => item.ident = given.clone(),
        _ => {}
    }
    item
}

/// Leaves the public fields, and says how many those are.
fn retain_public(fields: &mut Fields) -> usize {
    let retain = |list: &mut syn::punctuated::Punctuated<syn::Field, syn::Token![,]>| {
        let shown = list.iter().filter(|field| is_public(&field.vis)).cloned();
        *list = shown
            .map(|mut field| {
                field.attrs.clear();
                field
            })
            .collect();
        list.len()
    };
    match fields {
        Fields::Named(fields) => retain(&mut fields.named),
        Fields::Unnamed(fields) => retain(&mut fields.unnamed),
        Fields::Unit => 0,
    }
}

/// Takes off what matters to the body alone.
fn tidy(signature: &mut Signature) {
    for input in &mut signature.inputs {
        match input {
            FnArg::Receiver(receiver) => receiver.mutability = None,
            FnArg::Typed(argument) => {
                if let Pat::Ident(pattern) = &mut *argument.pat {
                    pattern.mutability = None;
                }
            }
        }
    }
}

/// The attributes that are part of what is promised.
fn kept(attributes: &[Attribute]) -> Vec<Attribute> {
    const PROMISED: [&str; 7] = [
        "cfg",
        "cfg_attr",
        "default",
        "deprecated",
        "derive",
        "must_use",
        "non_exhaustive",
    ];
    let promised = |attribute: &&Attribute| {
        PROMISED.iter().any(|name| attribute.path().is_ident(name))
            && !matches!(&attribute.meta, Meta::List(list)
                if list.path.is_ident("cfg_attr") && list.tokens.to_string().contains("schemars ("))
    };
    let without_reason = |attribute: &Attribute| {
        if attribute.path().is_ident("must_use") {
            return parse_quote!(#[must_use]);
        }
        attribute.clone()
    };
    attributes
        .iter()
        .filter(promised)
        .map(without_reason)
        .collect()
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// The name of an item that can be re-exported.
pub(super) fn name(item: &Item) -> Option<&Ident> {
    Some(match item {
        Item::Struct(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Const(item) => &item.ident,
        Item::Static(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    })
}

fn visibility(item: &Item) -> Option<&Visibility> {
    Some(match item {
        Item::Struct(item) => &item.vis,
        Item::Enum(item) => &item.vis,
        Item::Trait(item) => &item.vis,
        Item::Fn(item) => &item.vis,
        Item::Const(item) => &item.vis,
        Item::Static(item) => &item.vis,
        Item::Type(item) => &item.vis,
        _ => return None,
    })
}

fn attributes_of(item: &mut Item) -> Option<&mut Vec<Attribute>> {
    Some(match item {
        Item::Struct(item) => &mut item.attrs,
        Item::Enum(item) => &mut item.attrs,
        Item::Trait(item) => &mut item.attrs,
        Item::Fn(item) => &mut item.attrs,
        Item::Const(item) => &mut item.attrs,
        Item::Static(item) => &mut item.attrs,
        Item::Type(item) => &mut item.attrs,
        _ => return None,
    })
}
