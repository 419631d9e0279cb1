//! Row 23 and the bit flips: very many tries.

use base64::Engine as _;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use service::settings::{Var, Vars};
use testkit::{Engine, engines};

use crate::forge::Forge;
use crate::lab::Lab;

const FLIPS: Var = Var::new("ATTACK_FLIPS", "10000", "bits to flip in a good token");
const BURST: usize = 10_000;
const CALLERS: usize = 8;

/// Sends bad tokens over a few connections; gives how many got anything but a 401.
async fn not_refused(lab: &Lab, tokens: Vec<Vec<u8>>) -> Vec<String> {
    let shares: Vec<Vec<Vec<u8>>> =
        tokens.chunks(tokens.len().div_ceil(CALLERS)).map(<[_]>::to_vec).collect();
    let calls = shares.into_iter().map(async |share| {
        let mut wrong = Vec::new();
        for token in share {
            let header = [b"Bearer ", token.as_slice()].concat();
            let Ok(header) = reqwest::header::HeaderValue::from_bytes(&header) else { continue };
            let answer = lab.charge().header(reqwest::header::AUTHORIZATION, header).send().await;
            let status = answer.map_or(0, |answer| answer.status().as_u16());
            if status != 401 {
                wrong.push(format!("{status}: {}", String::from_utf8_lossy(&token)));
            }
        }
        wrong
    });
    futures_util::future::join_all(calls).await.concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn row_04_no_flipped_bit_of_a_good_token_is_accepted() {
    let flips: usize = Vars::from_env().required(&FLIPS).unwrap();
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let lab = Lab::start(Engine::Sqlite).await;
    let rows = lab.checksum();
    for _ in 0..flips.div_ceil(1_000) {
        // A token lives for a minute: each thousand has its own.
        let good = Forge::of(&lab).good().into_bytes();
        let flipped = (0..flips.min(1_000)).map(|_| {
            let mut token = good.clone();
            let at = random.random_range(0..token.len());
            token[at] ^= 1 << random.random_range(0..8_u32);
            token
        });
        let accepted = not_refused(&lab, flipped.collect()).await;
        assert!(accepted.is_empty(), "seed {seed}: {accepted:#?}");
    }
    assert_eq!(lab.checksum(), rows, "seed {seed}");
    // The last character of a signature carries two bits that decode to nothing: no other spelling is accepted.
    let good = Forge::of(&lab).good();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = good.split_at(good.len() - 1);
    let spellings =
        alphabet.chars().filter(|c| !last.contains(*c)).map(|c| format!("{rest}{c}").into_bytes());
    assert!(not_refused(&lab, spellings.collect()).await.is_empty());
    let answer = lab.charge().bearer_auth(&good).send().await.unwrap();
    assert_eq!(answer.status(), 200, "the token was good");
    assert!(
        base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(good.rsplit('.').next().unwrap()).is_ok()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn row_23_ten_thousand_bad_tokens_cost_nothing_that_stays() {
    for engine in engines() {
        let lab = Lab::start(engine).await;
        let good = Forge::of(&lab).good();
        let tampered = |n: usize| {
            let at = good.len() - 5 - n % 60;
            let other = if good.as_bytes()[at] == b'A' { "B" } else { "A" };
            format!("{}{other}{}", &good[..at], &good[at + 1..]).into_bytes()
        };
        let _ = not_refused(&lab, (0..500).map(tampered).collect()).await;
        let (rows, before) = (lab.checksum(), lab.provider.rss_kib());
        let burst = not_refused(&lab, (0..BURST).map(tampered).collect());
        let goods = async {
            for _ in 0..20 {
                let token = Forge::of(&lab).good();
                let answer = lab.charge().bearer_auth(token).send().await.unwrap();
                assert_eq!(answer.status(), 200, "good traffic goes on");
            }
        };
        let (accepted, ()) = tokio::join!(burst, goods);
        assert!(accepted.is_empty(), "{accepted:#?}");
        let grown = lab.provider.rss_kib().saturating_sub(before);
        assert!(grown < 8 * 1024, "the process grew by {grown} KiB");
        assert_ne!(lab.checksum(), rows, "the good charge is there");
    }
}
