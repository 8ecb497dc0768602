//! Leaves out the `api-version` header that the generator puts on every request: the service does
//! not know it.

use anyhow::{Result, ensure};
use quote::ToTokens;
use syn::visit_mut::{VisitMut, visit_block_mut};
use syn::{Block, Expr, File, Pat, Stmt};

/// The variable in which the generator gathers the headers of a request.
const HEADERS: &str = "header_map";
const NAME: &str = "\"api-version\"";

/// Leaves the header out of every operation, and the map of headers where nothing else is in it.
///
/// # Errors
///
/// If the header is written in another way than the one that is known here, and so stays.
pub(super) fn leave_out(file: &mut File) -> Result<()> {
    Operations.visit_file_mut(file);
    ensure!(
        !file.to_token_stream().to_string().contains(NAME),
        "the generator writes its header {NAME} in a new way; see xtask/src/codegen/version_header.rs"
    );
    Ok(())
}

struct Operations;

impl VisitMut for Operations {
    fn visit_block_mut(&mut self, block: &mut Block) {
        visit_block_mut(self, block);
        let before = block.stmts.len();
        block.stmts.retain(|statement| !adds_the_version(statement));
        let is_filled = block.stmts.iter().any(|statement| {
            let text = statement.to_token_stream().to_string();
            text.contains(&format!("{HEADERS} ."))
        });
        if before == block.stmts.len() || is_filled {
            return;
        }
        block.stmts.retain(|statement| !makes_the_map(statement));
        for statement in &mut block.stmts {
            WithoutTheMap.visit_stmt_mut(statement);
        }
    }
}

/// `header_map.append("api-version", …);`
fn adds_the_version(statement: &Stmt) -> bool {
    let text = statement.to_token_stream().to_string();
    matches!(statement, Stmt::Expr(Expr::MethodCall(call), _) if is_the_map(&call.receiver))
        && text.contains(NAME)
}

/// `let mut header_map = …;`
fn makes_the_map(statement: &Stmt) -> bool {
    matches!(statement, Stmt::Local(local)
        if matches!(&local.pat, Pat::Ident(name) if name.ident == HEADERS))
}

fn is_the_map(expression: &Expr) -> bool {
    matches!(expression, Expr::Path(path) if path.path.is_ident(HEADERS))
}

/// Takes `.headers(header_map)` out of the chain that builds a request.
struct WithoutTheMap;

impl VisitMut for WithoutTheMap {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        while let Expr::MethodCall(call) = expression
            && call.method == "headers"
            && call.args.len() == 1
            && is_the_map(&call.args[0])
        {
            *expression = (*call.receiver).clone();
        }
        syn::visit_mut::visit_expr_mut(self, expression);
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    fn left(mut file: File) -> Result<String> {
        leave_out(&mut file)?;
        Ok(prettyplease::unparse(&file))
    }

    #[test]
    fn the_map_goes_with_its_only_header() {
        let text = left(parse_quote! {
            impl Client {
                async fn operation(&self) {
                    let mut header_map = HeaderMap::with_capacity(1usize);
                    header_map.append(HeaderName::from_static("api-version"), version());
                    let request = self.client.post(url).json(&body).headers(header_map).build()?;
                    request.headers(others);
                }
            }
        });
        let expected: File = parse_quote! {
            impl Client {
                async fn operation(&self) {
                    let request = self.client.post(url).json(&body).build()?;
                    request.headers(others);
                }
            }
        };
        assert_eq!(text.unwrap(), prettyplease::unparse(&expected));
    }

    #[test]
    fn other_headers_stay() {
        let text = left(parse_quote! {
            impl Client {
                async fn operation(&self) {
                    let mut header_map = HeaderMap::with_capacity(2usize);
                    header_map.append(HeaderName::from_static("api-version"), version());
                    if let Some(value) = trace {
                        header_map.append("x-trace", value);
                    }
                    let request = self.client.get(url).headers(header_map).build()?;
                }
            }
        });
        let text = text.unwrap();
        assert!(!text.contains("api-version"), "{text}");
        assert!(text.contains("let mut header_map") && text.contains(".headers(header_map)"));
    }

    #[test]
    fn a_new_way_of_writing_it_is_an_error() {
        let error = left(parse_quote! {
            fn headers() -> Headers {
                Headers::from([("api-version", version())])
            }
        });
        assert!(error.is_err());
    }
}
