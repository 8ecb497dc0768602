//! Edits the code that progenitor generates: leaves out, adds, and lays out.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, anyhow, ensure};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::visit_mut::VisitMut;
use syn::{
    Attribute, Block, Field, Fields, File, ImplItem, Item, ItemStruct, LitStr, Meta, ReturnType,
    Token, parse_quote, parse_str, parse2,
};

/// The marks of sources at the end of descriptions. Users of the code do not need them.
const MARKS: [&str; 5] = ["[page]", "[guide]", "[wechat]", "[library]", "[assumed]"];

/// Moves the base address from the client to the context, where it is parsed.
const EDITS: [(&str, &str); 4] = [
    ("    pub(crate) baseurl: String,\n", ""),
    ("        baseurl: &str,\n", ""),
    ("            baseurl: baseurl.to_string(),\n", ""),
    ("self.baseurl.as_str()", "self.inner.base().as_str()"),
];

/// Returns the final text of the generated code.
pub(crate) fn polish(tokens: TokenStream) -> Result<String> {
    let mut file: File = parse2(tokens)?;
    file.items.retain(|item| match item {
        // A second name for `Client`.
        Item::Mod(module) => module.ident != "prelude",
        // The hooks that no method calls.
        Item::Const(item) => item.ident != "_",
        _ => true,
    });
    let (mut sent, mut received) = (BTreeSet::new(), BTreeSet::new());
    for item in &mut file.items {
        let Item::Impl(block) = item else { continue };
        // It unwraps and follows redirects.
        block
            .items
            .retain(|item| !matches!(item, ImplItem::Fn(f) if f.sig.ident == "new"));
        for item in &mut block.items {
            match item {
                ImplItem::Fn(method) if method.sig.asyncness.is_some() => {
                    sent.extend(words(&method.sig.inputs));
                    received.extend(words(&method.sig.output));
                    method.sig.output = output(&method.sig.output)?;
                    polish_method(&mut method.block)?;
                }
                ImplItem::Fn(method) if method.sig.ident == "new_with_client" => {
                    method.attrs = vec![parse_quote!(#[doc = "Makes the client of one call."])];
                }
                _ => {}
            }
        }
    }
    for item in &mut file.items {
        if let Item::Mod(module) = item
            && let Some((_, items)) = &mut module.content
            && module.ident == "types"
        {
            polish_types(items, &mut sent, &received)?;
        }
    }
    DocLines.visit_file_mut(&mut file);
    let mut text = prettyplease::unparse(&file);
    for (old, new) in EDITS {
        ensure!(
            text.contains(old),
            "progenitor no longer writes `{old}`; see polish.rs"
        );
        text = text.replace(old, new);
    }
    for left in [
        "\"api-version\"",
        "self.baseurl",
        "Error::UnexpectedResponse",
    ] {
        ensure!(
            !text.contains(left),
            "progenitor writes `{left}` in a new way; see polish.rs"
        );
    }
    progenitor_impl::space_out_items(text).map_err(|error| anyhow!("{error}"))
}

/// Returns the names in a piece of code.
fn words(code: &impl ToTokens) -> BTreeSet<String> {
    let text = code.to_token_stream().to_string();
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.map(str::to_owned).collect()
}

/// Returns the plain type of a response: what else a `ResponseValue` holds is in the context.
fn output(output: &ReturnType) -> Result<ReturnType> {
    let text = output.to_token_stream().to_string();
    let body = text
        .strip_prefix("-> Result < ResponseValue <")
        .and_then(|rest| rest.split_once("> , Error <"))
        .with_context(|| format!("progenitor writes `{text}` in a new way; see polish.rs"))?;
    Ok(parse_str(&format!("-> Result<{}, Error>", body.0))?)
}

/// Removes the `api-version` header, takes the URL from the context, and decodes every status with
/// one function.
fn polish_method(block: &mut Block) -> Result<()> {
    let texts = block
        .stmts
        .iter()
        .map(|statement| statement.to_token_stream().to_string());
    let mut texts: Vec<String> = texts
        .filter(|text| !(text.starts_with("header_map .") && text.contains("\"api-version\"")))
        .collect();
    if !texts.iter().any(|text| text.contains("header_map .")) {
        texts.retain(|text| !text.starts_with("let mut header_map ="));
        for text in &mut texts {
            *text = text.replace(". headers (header_map)", "");
        }
    }
    for text in &mut texts {
        if let Some(format) = text.strip_prefix("let url = format ! (\"{}")
            && let Some(arguments) = format.strip_suffix(") ;")
        {
            let arguments = arguments.replacen(", self . baseurl ,", ",", 1);
            let arguments = arguments.trim_end_matches([' ', ',']);
            *text = format!("let url = self.inner.url(format_args!(\"{arguments}));");
        }
    }
    // What follows is the same in every method: hooks, and a `match` on the HTTP status.
    let end = texts.iter().position(|text| text.starts_with("let info ="));
    texts.truncate(end.context("progenitor no longer writes `let info`; see polish.rs")?);
    texts.push("self.exchange(request).await".to_owned());
    *block = parse_str(&format!("{{ {} }}", texts.join("\n")))?;
    Ok(())
}

/// Adds attributes, constructors and trait implementations to the types.
fn polish_types(
    items: &mut Vec<Item>,
    sent: &mut BTreeSet<String>,
    received: &BTreeSet<String>,
) -> Result<()> {
    let all = items.clone();
    // A type inside of a sent type is sent too.
    let mut known = 0;
    while known != sent.len() {
        known = sent.len();
        for item in &all {
            let (name, fields): (_, Vec<&Field>) = match item {
                Item::Struct(item) => (&item.ident, item.fields.iter().collect()),
                Item::Enum(item) => (
                    &item.ident,
                    item.variants.iter().flat_map(|v| &v.fields).collect(),
                ),
                _ => continue,
            };
            if sent.contains(&name.to_string()) {
                sent.extend(fields.iter().flat_map(|field| words(&field.ty)));
            }
        }
    }
    let mut polished = Vec::new();
    for mut item in std::mem::take(items) {
        let mut added = None;
        let attributes = match &mut item {
            Item::Struct(item) => {
                let name = item.ident.to_string();
                if sent.contains(&name) {
                    added = constructor(item);
                } else {
                    for field in &mut item.fields {
                        make_lenient(field, &all).with_context(|| name.clone())?;
                    }
                    added = received.contains(&name).then(|| envelope(item, &all));
                }
                &mut item.attrs
            }
            Item::Enum(item) => &mut item.attrs,
            _ => &mut Vec::new(),
        };
        attributes
            .push(parse_quote!(#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]));
        attributes.push(parse_quote!(#[non_exhaustive]));
        polished.push(item);
        polished.extend(added);
    }
    *items = polished;
    Ok(())
}

/// Returns `new(required…)`, because other crates cannot write a non-exhaustive struct as a
/// literal.
fn constructor(item: &ItemStruct) -> Option<Item> {
    let name = &item.ident;
    let (mut parameters, mut values) = (Vec::new(), Vec::new());
    for Field {
        ident, ty, attrs, ..
    } in &item.fields
    {
        let ident = ident.as_ref()?;
        let has_default = serde_metas(attrs).any(|meta| meta.path().is_ident("default"));
        if has_default || is_option(ty) {
            values.push(quote!(#ident: ::std::default::Default::default()));
        } else {
            parameters.push(quote!(#ident: #ty));
            values.push(quote!(#ident));
        }
    }
    Some(parse_quote! {
        impl #name {
            #[doc = "Makes the value from its required properties."]
            pub fn new(#(#parameters),*) -> Self {
                Self { #(#values),* }
            }
        }
    })
}

const OPTION: &str = ":: std :: option :: Option <";

fn is_option(ty: &syn::Type) -> bool {
    ty.to_token_stream().to_string().starts_with(OPTION)
}

fn serde_metas(attributes: &[Attribute]) -> impl Iterator<Item = Meta> {
    type Metas = Punctuated<Meta, Token![,]>;
    let serde = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("serde"));
    serde
        .flat_map(|attribute| attribute.parse_args_with(Metas::parse_terminated))
        .flatten()
}

/// Returns the struct that a type is or contains.
fn struct_in<'a>(ty: &syn::Type, items: &'a [Item]) -> Option<&'a ItemStruct> {
    let words = words(ty);
    items.iter().find_map(|item| match item {
        Item::Struct(item) if words.contains(&item.ident.to_string()) => Some(item),
        _ => None,
    })
}

/// Makes a wrong value of an optional field count as absent.
fn make_lenient(field: &mut Field, items: &[Item]) -> Result<()> {
    let mut metas: Vec<Meta> = serde_metas(&field.attrs).collect();
    let has = |name: &str| metas.iter().any(|meta| meta.path().is_ident(name));
    if field.ident.is_none() || has("flatten") {
        return Ok(());
    }
    let is_option = is_option(&field.ty);
    ensure!(
        is_option || has("default"),
        "a field of a response is not optional: {}",
        field.to_token_stream()
    );
    let function = match struct_in(&field.ty, items).map(|item| &item.fields) {
        _ if !is_option => "crate::lenient::or_default",
        // A list with a name of its own.
        Some(Fields::Unnamed(_)) => "crate::lenient::or_default",
        Some(_) => {
            // Boxed, so that a response is cheap to move.
            let inner = field.ty.to_token_stream().to_string();
            let inner = inner.trim_start_matches(OPTION).trim_end_matches('>');
            field.ty = parse_str(&format!("{OPTION} ::std::boxed::Box<{inner}>>"))?;
            "crate::lenient::object"
        }
        None => "crate::lenient::optional",
    };
    metas.retain(|meta| !meta.path().is_ident("default"));
    field
        .attrs
        .retain(|attribute| !attribute.path().is_ident("serde"));
    field
        .attrs
        .push(parse_quote!(#[serde(#(#metas,)* default, deserialize_with = #function)]));
    Ok(())
}

/// Returns the implementation of `Envelope` from the fields that a response has.
fn envelope(item: &ItemStruct, items: &[Item]) -> Item {
    fn field<'a>(item: &'a ItemStruct, name: &str) -> Option<&'a Field> {
        let mut fields = item.fields.iter();
        fields.find(|field| field.ident.as_ref().is_some_and(|ident| ident == name))
    }
    let number = (quote!(i64), quote!(map(crate::scalars::WholeNumber::get)));
    let text = (quote!(&crate::scalars::UntrustedText), quote!(as_ref()));
    let id = (quote!(&crate::scalars::IdText), quote!(as_ref()));
    let mut methods = Vec::new();
    for (name, (ty, call)) in [
        ("status_code", &number),
        ("message", &text),
        ("api_code", &number),
        ("request_id", &id),
    ] {
        if let Some(Field { ident, .. }) = field(item, name) {
            methods.push(quote!(fn #ident(&self) -> Option<#ty> { self.#ident.#call }));
        }
    }
    let has_error = |item: &ItemStruct| field(item, "errcode").and(field(item, "errmsg")).is_some();
    let mut places = Vec::new();
    let data = field(item, "data").filter(|data| is_option(&data.ty));
    if data.is_some_and(|data| struct_in(&data.ty, items).is_some_and(has_error)) {
        places.push(quote!(
            self.data
                .as_ref()
                .map(|data| (data.errcode, data.errmsg.as_ref()))
        ));
    }
    if has_error(item) {
        places.push(quote!(Some((self.errcode, self.errmsg.as_ref()))));
    }
    if !places.is_empty() {
        methods.push(quote! {
            fn wechat_error(&self) -> crate::envelope::WechatError<'_> {
                crate::envelope::first_error([#(#places),*])
            }
        });
    }
    let name = &item.ident;
    parse_quote!(impl crate::envelope::Envelope for #name { #(#methods)* })
}

/// Splits documentation into one comment per line, without the marks of sources.
struct DocLines;

impl VisitMut for DocLines {
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        let all = std::mem::take(attributes).into_iter();
        let split = all.flat_map(|attribute| match &attribute.meta {
            Meta::NameValue(meta) if meta.path.is_ident("doc") => {
                let text: Option<LitStr> = parse2(meta.value.to_token_stream()).ok();
                text.map_or_else(|| vec![attribute.clone()], |text| doc_lines(&text.value()))
            }
            _ => vec![attribute],
        });
        *attributes = split.collect();
    }
}

fn doc_lines(text: &str) -> Vec<Attribute> {
    let unmarked = MARKS
        .iter()
        .fold(text.to_owned(), |text, mark| text.replace(mark, ""));
    let mut lines: Vec<String> = Vec::new();
    for (line, marked) in unmarked.lines().zip(text.lines()) {
        // A line of marks only disappears; an empty line separates paragraphs.
        match (line.trim(), marked.trim()) {
            ("", "") => lines.push(String::new()),
            ("", _) => {}
            (line, _) => lines.push(format!(" {line}")),
        }
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
        .iter()
        .map(|line| parse_quote!(#[doc = #line]))
        .collect()
}
