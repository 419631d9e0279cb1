//! How the simulated card acquirer behaves.

use service::{ConfigError, Var, Vars};

use crate::clients::acquirer::Acquirer;
use crate::domain::acquirer::{Declines, Script, Simulation};

const SUCCESS_RATE: Var = Var::new(
    "ACQUIRER_SUCCESS_RATE",
    "0.5",
    "share of card charges that the simulated acquirer approves, 0 to 1",
);
const DECLINES: Var = Var::new(
    "ACQUIRER_DECLINES",
    "insufficient_funds=70,do_not_honor=20,try_again_later=10",
    "decline codes and how often each is given, relative to the others",
);
const LATENCY: Var =
    Var::new("ACQUIRER_LATENCY_MS", "0", "how long the simulated acquirer takes for a batch");
const FAULT_RATE: Var = Var::new(
    "ACQUIRER_FAULT_RATE",
    "0",
    "share of batches that the simulated acquirer leaves unanswered (503, nothing was attempted), 0 to 1",
);
const SEED: Var = Var::unset(
    "ACQUIRER_SEED",
    "whole number that makes the simulated acquirer repeatable; random when not set",
);
const SCRIPT: Var = Var::unset(
    "ACQUIRER_SCRIPT_FILE",
    "JSON file with outcomes laid down for a rehearsal: `{\"customer or invoice\": [\"insufficient_funds\", \"approved\"]}`, one per key, the last one for all further keys",
);

pub(super) const VARS: [Var; 6] = [SUCCESS_RATE, DECLINES, LATENCY, FAULT_RATE, SEED, SCRIPT];

pub(super) fn read(vars: &Vars) -> Result<Acquirer, ConfigError> {
    let (rate, fault_rate): (f64, f64) = (vars.required(&SUCCESS_RATE)?, vars.required(&FAULT_RATE)?);
    let declines: Declines = vars.required(&DECLINES)?;
    let latency = vars.millis(&LATENCY, 0..=60_000)?;
    let share = |var: &Var, value: f64| ConfigError::bad(var, &value.to_string(), "it must be from 0 to 1");
    let simulation = Simulation::new(rate, declines, script(vars)?, vars.optional(&SEED)?);
    let simulation = simulation.ok_or_else(|| share(&SUCCESS_RATE, rate))?;
    Acquirer::new(simulation, latency, fault_rate).ok_or_else(|| share(&FAULT_RATE, fault_rate))
}

fn script(vars: &Vars) -> Result<Script, ConfigError> {
    let Some(path) = vars.text(&SCRIPT) else { return Ok(Script::default()) };
    Script::parse(&vars.file(&SCRIPT)?).map_err(|e| ConfigError::bad(&SCRIPT, &path, e))
}
