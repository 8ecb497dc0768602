use authing::AuthenticationClient;

pub async fn phone(client: &AuthenticationClient, code: &str) -> Result<String, &'static str> {
    match client.get_wechat_miniprogram_phone(code, "my-wxapp").await {
        Ok(reply) => Ok(reply.data.phone_number.as_str().to_owned()),
        Err(error) if error.is_retryable() => Err("try again"), // the same code still works
        Err(error) => {
            eprintln!("{error}"); // says what happened and what to do; holds no code, no number
            Err("tap again")
        }
    }
}
