//! Edits the code that progenitor generates: leaves out, adds, and lays out.

use anyhow::{Context as _, Result, anyhow, ensure};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::visit_mut::VisitMut;
use syn::{
    Attribute, Field, Fields, File, ImplItem, ImplItemFn, Item, ItemStruct, LitStr, Meta,
    parse_quote, parse_str, parse2,
};

/// The marks of sources at the end of descriptions. Users of the code do not need them.
const MARKS: [&str; 5] = ["[page]", "[guide]", "[wechat]", "[library]", "[assumed]"];

/// Moves the base address from the client to the context, where it is parsed.
const EDITS: [(&str, &str); 4] = [
    ("    pub(crate) baseurl: String,\n", ""),
    ("        baseurl: &str,\n", ""),
    ("            baseurl: baseurl.to_string(),\n", ""),
    ("self.baseurl.as_str()", "self.inner.base.url().as_str()"),
];

/// Returns the final text of the generated code.
pub(crate) fn polish(tokens: TokenStream) -> Result<String> {
    let mut file: File = parse2(tokens)?;
    file.items.retain(|item| match item {
        // A second name for `Client`.
        Item::Mod(module) => module.ident != "prelude",
        // Asserts the hooks, which no method calls.
        Item::Const(item) => item.ident != "_",
        _ => true,
    });
    for item in &mut file.items {
        match item {
            Item::Mod(module) => {
                if let Some((_, items)) = &mut module.content {
                    polish_types(items)?;
                }
            }
            Item::Impl(block) => {
                // It unwraps and follows redirects.
                let is_new =
                    |item: &ImplItem| matches!(item, ImplItem::Fn(f) if f.sig.ident == "new");
                block.items.retain(|item| !is_new(item));
                for item in &mut block.items {
                    let ImplItem::Fn(method) = item else { continue };
                    if method.sig.ident == "new_with_client" {
                        method.attrs = vec![parse_quote!(#[doc = "Makes the client of one call."])];
                    } else if method.sig.asyncness.is_some() {
                        polish_method(method).context("progenitor writes methods in a new way")?;
                    }
                }
            }
            _ => {}
        }
    }
    DocLines.visit_file_mut(&mut file);
    let mut text = prettyplease::unparse(&file);
    for (old, new) in EDITS {
        ensure!(text.contains(old), "progenitor no longer writes `{old}`");
        text = text.replace(old, new);
    }
    for left in ["\"api-version\"", "self.baseurl", ".unwrap()"] {
        ensure!(
            !text.contains(left),
            "progenitor writes `{left}` in a new way"
        );
    }
    progenitor_impl::space_out_items(text).map_err(|error| anyhow!("{error}"))
}

/// Takes the URL from the context, removes the `api-version` header, and leaves what follows the
/// request to one function, which decodes every status.
fn polish_method(method: &mut ImplItemFn) -> Result<()> {
    let output = method.sig.output.to_token_stream().to_string();
    let body = output.strip_prefix("-> Result < ResponseValue <");
    let (body, _) = body
        .and_then(|rest| rest.split_once("> , Error <"))
        .context("no body")?;
    method.sig.output = parse_str(&format!("-> Result<{body}, Error>"))?;

    let statements = method.block.stmts.iter();
    let mut statements: Vec<String> = statements
        .map(|statement| statement.to_token_stream().to_string())
        .filter(|text| !(text.starts_with("header_map .") && text.contains("\"api-version\"")))
        .collect();
    let end = statements
        .iter()
        .position(|text| text.starts_with("let info ="));
    statements.truncate(end.context("no hooks")?);
    let has_headers = statements.iter().any(|text| text.contains("header_map ."));
    statements.retain(|text| has_headers || !text.starts_with("let mut header_map ="));
    for text in &mut statements {
        if let Some(format) = text.strip_prefix("let url = format ! (")
            && let Some((path, _)) = format.rsplit_once(')')
        {
            let path = path
                .replacen("\"{}", "\"", 1)
                .replacen(", self . baseurl ,", ",", 1);
            let path = path.trim_end_matches([' ', ',']);
            *text = format!("let url = self.inner.base.join(format_args!({path}));");
        } else if !has_headers {
            *text = text.replace(". headers (header_map)", "");
        }
    }
    statements.push("self.exchange(request).await".to_owned());
    method.block = parse_str(&format!("{{ {} }}", statements.join("\n")))?;
    Ok(())
}

/// Adds attributes, constructors and trait implementations to the types.
fn polish_types(items: &mut Vec<Item>) -> Result<()> {
    let structs = items.iter().filter_map(|item| match item {
        Item::Struct(item) => Some(item.clone()),
        _ => None,
    });
    let structs: Vec<ItemStruct> = structs.collect();
    for mut item in std::mem::take(items) {
        let mut added = Vec::new();
        if let Item::Struct(item) = &mut item {
            added.extend(constructor(item));
            added.extend(envelope(item, &structs));
            for field in &mut item.fields {
                make_lenient(field, &structs)?;
            }
        }
        if let Item::Struct(ItemStruct { attrs, .. }) | Item::Enum(syn::ItemEnum { attrs, .. }) =
            &mut item
        {
            attrs.push(
                parse_quote!(#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]),
            );
            attrs.push(parse_quote!(#[non_exhaustive]));
        }
        items.push(item);
        items.extend(added);
    }
    Ok(())
}

const OPTION: &str = ":: std :: option :: Option <";

fn is_required(field: &Field) -> bool {
    let mut attributes = field.attrs.iter();
    let has_default = attributes.any(|attribute| {
        let text = attribute.to_token_stream().to_string();
        text.starts_with("# [serde (") && text.contains("default")
    });
    !has_default && !field.ty.to_token_stream().to_string().starts_with(OPTION)
}

/// Returns `new(required…)`, because other crates cannot write a non-exhaustive struct as a
/// literal.
fn constructor(item: &ItemStruct) -> Option<Item> {
    let Fields::Named(fields) = &item.fields else {
        return None;
    };
    let (required, optional): (Vec<_>, Vec<_>) = fields.named.iter().partition(|f| is_required(f));
    let parameters = required
        .iter()
        .map(|Field { ident, ty, .. }| quote!(#ident: #ty));
    let names = required.iter().map(|field| &field.ident);
    let optional = optional.iter().map(|field| &field.ident);
    let name = &item.ident;
    let constructor = parse_quote! {
        impl #name {
            #[doc = "Makes the value from its required properties."]
            pub fn new(#(#parameters),*) -> Self {
                Self { #(#names,)* #(#optional: ::std::default::Default::default()),* }
            }
        }
    };
    (!required.is_empty()).then_some(constructor)
}

/// Returns the struct that a type is or contains.
fn struct_in<'a>(ty: &syn::Type, structs: &'a [ItemStruct]) -> Option<&'a ItemStruct> {
    let text = ty.to_token_stream().to_string();
    let mut words = text.split(' ');
    words.find_map(|word| structs.iter().find(|item| item.ident == word))
}

/// Makes a wrong value of an optional field count as absent.
fn make_lenient(field: &mut Field, structs: &[ItemStruct]) -> Result<()> {
    if is_required(field) || field.ident.is_none() {
        return Ok(());
    }
    let text = field.ty.to_token_stream().to_string();
    let inner = text.strip_prefix(OPTION);
    let known = struct_in(&field.ty, structs).map(|item| &item.fields);
    let function = match (inner, known) {
        // A list or a map, perhaps with a name of its own.
        (None, _) | (_, Some(Fields::Unnamed(_))) => "crate::lenient::or_default",
        (_, None) => "crate::lenient::optional",
        (Some(inner), _) => {
            // Boxed, so that a response is cheap to move.
            field.ty = parse_str(&format!("{OPTION} ::std::boxed::Box<{inner}>"))?;
            "crate::lenient::object"
        }
    };
    // The generator writes `default` for lists and maps only.
    field.attrs.push(match inner {
        Some(_) => parse_quote!(#[serde(default, deserialize_with = #function)]),
        None => parse_quote!(#[serde(deserialize_with = #function)]),
    });
    Ok(())
}

/// Returns the implementation of `Envelope` for a type with a `statusCode`.
fn envelope(item: &ItemStruct, structs: &[ItemStruct]) -> Option<Item> {
    let find = |item: &ItemStruct, name: &str| {
        let mut fields = item.fields.iter();
        fields
            .find(|field| field.ident.as_ref().is_some_and(|ident| ident == name))
            .cloned()
    };
    let get = |name: &str, call: TokenStream| match find(item, name) {
        Some(Field { ident, .. }) => quote!(self.#ident.#call),
        None => quote!(None),
    };
    let number = || quote!(map(crate::scalars::WholeNumber::get));
    let (status_code, api_code) = (get("status_code", number()), get("api_code", number()));
    let message = get("message", quote!(as_ref()));
    let request_id = get("request_id", quote!(as_ref()));
    let has_error = |item| find(item, "errcode").and(find(item, "errmsg")).is_some();
    let data = find(item, "data").and_then(|data| struct_in(&data.ty, structs));
    let inner = data.is_some_and(has_error).then(|| {
        quote!(
            self.data
                .as_ref()
                .map(|data| (data.errcode, data.errmsg.as_ref())),
        )
    });
    let own = has_error(item).then(|| quote!(Some((self.errcode, self.errmsg.as_ref()))));
    let name = &item.ident;
    find(item, "status_code")?;
    Some(parse_quote! {
        impl crate::envelope::Envelope for #name {
            fn status_code(&self) -> Option<i64> { #status_code }
            fn message(&self) -> Option<&crate::scalars::UntrustedText> { #message }
            fn api_code(&self) -> Option<i64> { #api_code }
            fn request_id(&self) -> Option<&crate::scalars::IdText> { #request_id }
            fn wechat_error(&self) -> crate::envelope::WechatError<'_> {
                crate::envelope::first_error([#inner #own])
            }
        }
    })
}

/// Splits documentation into one comment per line, without the marks of sources.
struct DocLines;

impl VisitMut for DocLines {
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        for attribute in std::mem::take(attributes) {
            if let Meta::NameValue(meta) = &attribute.meta
                && meta.path.is_ident("doc")
                && let Ok(text) = parse2::<LitStr>(meta.value.to_token_stream())
            {
                attributes.extend(doc_lines(&text.value()));
            } else {
                attributes.push(attribute);
            }
        }
    }
}

fn doc_lines(text: &str) -> Vec<Attribute> {
    let text = text.to_owned();
    let text = MARKS.iter().fold(text, |text, mark| text.replace(mark, ""));
    let mut lines: Vec<&str> = text.lines().map(str::trim).collect();
    // A line of marks only is empty now.
    lines.dedup();
    lines.pop_if(|line| line.is_empty());
    let lines = lines.iter().map(|line| format!(" {line}"));
    lines
        .map(|line| line.trim_end().to_owned())
        .map(|line| parse_quote!(#[doc = #line]))
        .collect()
}
