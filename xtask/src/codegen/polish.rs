//! What is done to the generator's output before it is written: leave out, add, lay out.

use anyhow::Result;
use proc_macro2::TokenStream;
use quote::quote;
use syn::visit_mut::VisitMut;
use syn::{
    Attribute, Expr, Fields, File, ImplItem, Item, ItemStruct, Lit, Meta, Type, parse_quote, parse2,
};

use super::{prose, version_header};

/// The final text of the generated code.
pub(crate) fn polish(tokens: TokenStream) -> Result<String> {
    let mut file: File = parse2(tokens)?;
    // A second name for `Client`, which nobody needs.
    file.items
        .retain(|item| !matches!(item, Item::Mod(module) if module.ident == "prelude"));
    for item in &mut file.items {
        match item {
            Item::Impl(block) => {
                // It unwraps, follows redirects and knows no bounds; `new_with_client` stays.
                block
                    .items
                    .retain(|item| !matches!(item, ImplItem::Fn(f) if f.sig.ident == "new"));
            }
            Item::Mod(module) if module.ident == "types" => {
                if let Some((_, items)) = &mut module.content {
                    add_constructors(items);
                }
            }
            _ => {}
        }
    }
    version_header::leave_out(&mut file)?;
    DocLines.visit_file_mut(&mut file);
    Ok(lay_out(&prettyplease::unparse(&file)))
}

/// Adds `new` to every struct: a growable struct cannot be written as a literal elsewhere, so it
/// is made from its required fields.
fn add_constructors(items: &mut Vec<Item>) {
    let mut with_constructors = Vec::with_capacity(items.len() * 2);
    for item in items.drain(..) {
        let constructor = match &item {
            Item::Struct(item) => constructor(item),
            _ => None,
        };
        with_constructors.push(item);
        with_constructors.extend(constructor);
    }
    *items = with_constructors;
}

fn constructor(item: &ItemStruct) -> Option<Item> {
    let Fields::Named(fields) = &item.fields else {
        return None;
    };
    let name = &item.ident;
    let mut parameters = Vec::new();
    let mut values = Vec::new();
    for field in &fields.named {
        let (field_name, field_type) = (field.ident.as_ref()?, &field.ty);
        if is_option(field_type) {
            values.push(quote!(#field_name: None));
        } else {
            parameters.push(quote!(#field_name: #field_type));
            values.push(quote!(#field_name));
        }
    }
    let doc = format!(" Makes a `{name}` of its required fields.");
    Some(parse_quote! {
        impl #name {
            #[doc = #doc]
            pub fn new(#(#parameters),*) -> Self {
                Self { #(#values),* }
            }
        }
    })
}

fn is_option(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == "Option"))
}

/// Makes every documentation comment one line per line of text, so that a changed line of the
/// document is a changed line here.
struct DocLines;

impl VisitMut for DocLines {
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        let split = attributes
            .drain(..)
            .flat_map(|attribute| match doc_text(&attribute) {
                None => vec![attribute],
                Some(text) => prose::lines(&text)
                    .iter()
                    .map(|line| doc_line(line))
                    .collect(),
            });
        *attributes = split.collect();
    }
}

fn doc_text(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(meta) = &attribute.meta else {
        return None;
    };
    match &meta.value {
        Expr::Lit(literal) if meta.path.is_ident("doc") => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

fn doc_line(line: &str) -> Attribute {
    let line = if line.is_empty() {
        String::new()
    } else {
        format!(" {line}")
    };
    parse_quote!(#[doc = #line])
}

/// Sets items apart by a blank line, so that a difference has something to hold on to.
fn lay_out(code: &str) -> String {
    let mut text = String::with_capacity(code.len() + code.len() / 16);
    let mut before = "";
    for line in code.lines() {
        let indent = line.len() - line.trim_start().len();
        let ends_item = before.trim() == "}" || (before.trim().ends_with(';') && indent == 0);
        let same_level = before.len() - before.trim_start().len() == indent;
        if ends_item && same_level && !line.trim().starts_with('}') && indent <= 4 {
            text.push('\n');
        }
        text.push_str(line);
        text.push('\n');
        before = line;
    }
    text
}
