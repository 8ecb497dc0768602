//! Macros that make items: enough of their expansion to list what they make.

use anyhow::{Context as _, Result, bail};
use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use syn::Item;

/// The items with those that macros of the same module make, in place of the calls.
///
/// Known are macros of one rule, in which a parameter called `name` is the name of what they make,
/// and stands first in a call; their other parameters never change what is public.
pub(super) fn expanded(items: Vec<Item>) -> Result<Vec<Item>> {
    let definitions: Vec<(String, TokenStream)> = items
        .iter()
        .filter_map(|item| match item {
            Item::Macro(item) => Some((item.ident.as_ref()?.to_string(), item.mac.tokens.clone())),
            _ => None,
        })
        .collect();
    let mut made = Vec::new();
    for item in items {
        let Item::Macro(call) = &item else {
            made.push(item);
            continue;
        };
        if call.ident.is_some() {
            continue;
        }
        let name = call
            .mac
            .path
            .segments
            .last()
            .map(|last| last.ident.to_string());
        let name = name.context("a macro without a name")?;
        let Some((_, definition)) = definitions.iter().find(|(defined, _)| *defined == name) else {
            // Of another crate, such as `thread_local!`: makes nothing public here.
            continue;
        };
        let Some(rule) = only_rule(definition) else {
            bail!("{name}! has more than one rule, which the listing cannot follow");
        };
        let subject = subject(&call.mac.tokens);
        let makes_what_it_is_told = rule.to_string().replace(' ', "").contains("$name");
        if makes_what_it_is_told && subject.is_none() {
            bail!("{name}! names nothing");
        }
        let file: syn::File = syn::parse2(substituted(rule, subject.as_ref()))
            .with_context(|| format!("{name}! makes what the listing cannot follow"))?;
        made.extend(file.items);
    }
    Ok(made)
}

/// What the only rule of a macro writes.
fn only_rule(definition: &TokenStream) -> Option<TokenStream> {
    let groups: Vec<Group> = definition
        .clone()
        .into_iter()
        .filter_map(|token| match token {
            TokenTree::Group(group) => Some(group),
            _ => None,
        })
        .collect();
    match groups.as_slice() {
        [_matcher, body] => Some(body.stream()),
        _ => None,
    }
}

/// The first identifier of a call, attributes aside.
fn subject(call: &TokenStream) -> Option<Ident> {
    call.clone().into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) => Some(ident),
        _ => None,
    })
}

/// The body with `$name` replaced; repetitions are left out, and other parameters become empty
/// texts.
fn substituted(body: TokenStream, subject: Option<&Ident>) -> TokenStream {
    let mut made = TokenStream::new();
    let mut tokens = body.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '$' => match tokens.next() {
                Some(TokenTree::Ident(name)) if name == "name" => {
                    made.extend(subject.cloned().map(TokenTree::from));
                }
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
                    // The separator or the star behind it.
                    let is_star = |token: &TokenTree| matches!(token, TokenTree::Punct(p) if matches!(p.as_char(), '*' | '+'));
                    while tokens.next().is_some_and(|token| !is_star(&token)) {}
                }
                _ => made.extend([TokenTree::from(proc_macro2::Literal::string(""))]),
            },
            TokenTree::Group(group) => {
                let inside = substituted(group.stream(), subject);
                made.extend([TokenTree::from(Group::new(group.delimiter(), inside))]);
            }
            other => made.extend([other]),
        }
    }
    made
}
