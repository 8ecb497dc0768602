//! At most once, and the truth about it: each code of each fault against the judge's record.

use std::collections::HashMap;
use std::sync::Arc;

use authing::{AuthenticationClient, CodeState, ErrorKind};
use authing_tests::judge::{Judge, Request};
use authing_tests::phone::phone_for_code;
use tokio::task::JoinSet;

use super::matrix::{Fault, Yield};
use super::{CONNECTION, KEY, Proof, builder, random_code};

/// How many calls are under way at a time.
const AT_ONCE: usize = 16;

/// How one call ended.
pub(crate) struct Ended {
    /// The code that was given.
    pub(crate) code: String,
    /// What the call yielded.
    pub(crate) yielded: Yield,
    /// The requests that the client says it began.
    pub(crate) attempts: Option<u32>,
}

/// Makes `codes` calls that meet the fault, and compares their ends with the judge's record.
pub(crate) async fn prove(fault: &Fault, codes: usize) -> Proof {
    let judge = match &fault.tls {
        None => Judge::start(fault.script.clone()),
        Some(setup) => Judge::start_tls(fault.script.clone(), setup),
    };
    let client = client(&judge, fault);
    let at_once = AT_ONCE.min(codes);
    let mut callers = JoinSet::new();
    for caller in 0..at_once {
        let client = client.clone();
        let share = codes / at_once + usize::from(caller < codes % at_once);
        let fresh: Vec<_> = (0..share)
            .map(|_| fault.fresh.then(|| self::client(&judge, fault)))
            .collect();
        callers.spawn(async move {
            let mut ended = Vec::new();
            for own in fresh {
                ended.push(call(own.as_ref().unwrap_or(&client)).await);
                // Now and then the pool is left alone for a moment, so that both orders of the
                // other side's end and of the next request come about.
                if fastrand::bool() {
                    let pause = std::time::Duration::from_micros(fastrand::u64(..4000));
                    tokio::time::sleep(pause).await;
                }
            }
            ended
        });
    }
    let ended = callers.join_all().await.concat_all();
    drop(client);
    // What was written before a client went away must have been read before it is counted.
    if !judge
        .wait_for(|j| j.open_connections() == 0, super::WIDE)
        .await
    {
        return Err(format!("{}: connections stay open", fault.name));
    }
    check(fault, &ended, &judge)
}

trait ConcatAll {
    fn concat_all(self) -> Vec<Ended>;
}

impl ConcatAll for Vec<Vec<Ended>> {
    fn concat_all(self) -> Vec<Ended> {
        self.into_iter().flatten().collect()
    }
}

fn client(judge: &Judge, fault: &Fault) -> Arc<AuthenticationClient> {
    let mut builder = builder(judge.base_url()).timeout(fault.timeout);
    if let Some(pem) = &fault.authority {
        builder = builder.root_certificate_pem(pem.as_str());
    }
    Arc::new(builder.build().expect("a client"))
}

async fn call(client: &AuthenticationClient) -> Ended {
    let code = random_code();
    match client.get_wechat_miniprogram_phone(&code, CONNECTION).await {
        Ok(reply) => {
            let own = phone_for_code(KEY, &code);
            assert_eq!(
                reply.data.pure_phone_number.as_str(),
                own,
                "another's phone"
            );
            Ended {
                code,
                yielded: Yield::Phone,
                attempts: None,
            }
        }
        Err(error) => Ended {
            code,
            yielded: Yield::Error(error.kind(), error.code_state()),
            attempts: Some(error.attempts()),
        },
    }
}

/// Compares the ends of the calls with what the judge read.
pub(crate) fn check(fault: &Fault, ended: &[Ended], judge: &Judge) -> Proof {
    let name = &fault.name;
    if let Some(violation) = judge.violations().first() {
        return Err(format!("{name}: {violation:?}"));
    }
    let presented = presentations(judge);
    let (mut phones, mut reached) = (0, 0);
    for each in ended {
        let times = presented.get(each.code.as_str()).copied().unwrap_or(0);
        reached += times;
        if !fault.yields.contains(&each.yielded) {
            let attempts = each.attempts;
            return Err(format!(
                "{name}: a call yielded {:?}, attempts {attempts:?}",
                each.yielded
            ));
        }
        let most = fault.most;
        if times > most {
            return Err(format!("{name}: a code came {times} times whole"));
        }
        match each.yielded {
            Yield::Phone => {
                phones += 1;
                if times != most {
                    return Err(format!("{name}: a phone number, and {times} requests"));
                }
            }
            Yield::Error(kind, CodeState::Unspent) if times > 0 => {
                return Err(format!(
                    "{name}: {kind:?} and unspent, yet the code came whole"
                ));
            }
            Yield::Error(ErrorKind::Connect, _) => {}
            // Only what never became a connection, or was refused unprocessed, is tried again.
            Yield::Error(kind, _)
                if each.attempts != Some(1)
                    && !fault
                        .yields
                        .contains(&Yield::Error(ErrorKind::Connect, CodeState::Unspent)) =>
            {
                return Err(format!(
                    "{name}: {kind:?} after {:?} attempts",
                    each.attempts
                ));
            }
            Yield::Error(..) => {}
        }
    }
    if phones == 0 && fault.yields[0] == Yield::Phone {
        return Err(format!("{name}: not one call came through"));
    }
    let late = |each: &&Ended| matches!(each.yielded, Yield::Error(ErrorKind::Timeout, _));
    let late = ended.iter().filter(late).count();
    if !matches!(fault.yields[0], Yield::Error(ErrorKind::Timeout, _))
        && late > 1 + ended.len() / 100
    {
        return Err(format!("{name}: {late} calls waited for their deadline"));
    }
    Ok(format!(
        "{name}: {} codes, {reached} whole requests, {phones} phone numbers, {late} too late",
        ended.len()
    ))
}

/// How often each code came in a whole request, in time or after the judge's own end.
fn presentations(judge: &Judge) -> HashMap<String, usize> {
    let mut presented = HashMap::new();
    let mut count = |request: &Request| {
        let code = request.body_string("code").unwrap_or_default();
        *presented.entry(code).or_default() += 1;
    };
    judge.with_requests(|requests| requests.iter().for_each(&mut count));
    judge.late_requests().iter().for_each(&mut count);
    presented
}
