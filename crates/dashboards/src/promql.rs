//! What a query asks for: does each metric exist, has it each label, and may the label have that value?

use std::collections::BTreeSet;

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::{AggregateExpr, BinaryExpr, Call, Expr, LabelModifier, VectorSelector, parse};

use crate::metric::{Labels, Metrics};

/// Reads a query, and returns the labels that its result may have.
///
/// # Errors
/// What it asks for and does not exist, or why it is no PromQL.
pub fn check(query: &str, metrics: &Metrics) -> Result<Labels, String> {
    labels(&parse(query)?, metrics)
}

fn labels(expr: &Expr, metrics: &Metrics) -> Result<Labels, String> {
    match expr {
        Expr::VectorSelector(selector) => selected(selector, metrics),
        Expr::MatrixSelector(selector) => selected(&selector.vs, metrics),
        Expr::Paren(inner) => labels(&inner.expr, metrics),
        Expr::Unary(inner) => labels(&inner.expr, metrics),
        Expr::Subquery(inner) => labels(&inner.expr, metrics),
        Expr::Aggregate(aggregate) => aggregated(aggregate, metrics),
        Expr::Binary(binary) => joined(binary, metrics),
        Expr::Call(call) => called(call, metrics),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) => Ok(Labels::new()),
        Expr::Extension(_) => Err("an extension of PromQL, which Prometheus does not know".into()),
    }
}

fn selected(selector: &VectorSelector, metrics: &Metrics) -> Result<Labels, String> {
    let Some(name) = &selector.name else {
        return Err(format!("{selector}: name the metric, or nobody can tell whether it exists"));
    };
    let known = metrics.labels(name).ok_or_else(|| format!("nothing exports {name}"))?;
    for matcher in &selector.matchers.matchers {
        let values = known.get(&matcher.name);
        let values = values.ok_or_else(|| format!("{name} has no label {}", matcher.name))?;
        if let Some(value) = never(matcher, values) {
            return Err(format!("{name}: {} is never {value:?}", matcher.name));
        }
    }
    Ok(known.clone())
}

/// A value that is asked for and never there.
fn never<'a>(matcher: &'a Matcher, values: &BTreeSet<String>) -> Option<&'a str> {
    let known = |value: &&str| value.is_empty() || values.contains(*value);
    let literal = |text: &&str| text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    let asked = matcher.value.as_str();
    let unknown = match &matcher.op {
        MatchOp::Equal | MatchOp::NotEqual => Some(asked).filter(|value| !known(value)),
        // A dashboard's variable stands for all of its services, of which some do not export this.
        MatchOp::Re(_) if matcher.name == "service" => {
            Some(asked).filter(|_| !values.iter().any(|value| matcher.is_match(value)))
        }
        MatchOp::Re(_) | MatchOp::NotRe(_) => asked.split('|').filter(literal).find(|value| !known(value)),
    };
    unknown.filter(|_| !values.is_empty())
}

fn aggregated(aggregate: &AggregateExpr, metrics: &Metrics) -> Result<Labels, String> {
    let mut inner = labels(&aggregate.expr, metrics)?;
    let op = aggregate.op.to_string();
    match &aggregate.modifier {
        Some(LabelModifier::Include(by)) => {
            let by = has(&inner, &by.labels, &op)?;
            inner.retain(|label, _| by.contains(label.as_str()));
        }
        Some(LabelModifier::Exclude(without)) => {
            let without = has(&inner, &without.labels, &op)?;
            inner.retain(|label, _| !without.contains(label.as_str()));
        }
        // These choose series and leave them as they are.
        None if ["topk", "bottomk"].contains(&op.as_str()) => {}
        None => inner.clear(),
    }
    Ok(inner)
}

/// The labels that are named, if all are there.
fn has<'a>(there: &Labels, named: &'a [String], by_whom: &str) -> Result<BTreeSet<&'a str>, String> {
    match named.iter().find(|label| !there.contains_key(*label)) {
        Some(missing) => Err(format!("{by_whom} names the label {missing}, which nothing has there")),
        None => Ok(named.iter().map(String::as_str).collect()),
    }
}

fn joined(binary: &BinaryExpr, metrics: &Metrics) -> Result<Labels, String> {
    let (mut left, right) = (labels(&binary.lhs, metrics)?, labels(&binary.rhs, metrics)?);
    let op = binary.op.to_string();
    let modifier = binary.modifier.as_ref();
    if let Some(matching) = modifier.and_then(|modifier| modifier.matching.as_ref()) {
        for side in [&left, &right] {
            has(side, &matching.labels().labels, &op)?;
        }
    }
    // Both of these leave the left side as it is.
    if !["and", "unless"].contains(&op.as_str()) {
        left.extend(right);
    }
    Ok(left)
}

fn called(call: &Call, metrics: &Metrics) -> Result<Labels, String> {
    let arguments = call.args.args.iter().map(|argument| labels(argument, metrics));
    let mut left = Labels::new();
    for argument in arguments {
        left.extend(argument?);
    }
    match call.func.name {
        "histogram_quantile" => left
            .remove("le")
            .map(|_| left)
            .ok_or_else(|| "histogram_quantile needs the label le: keep it in `by`".into()),
        "label_replace" => {
            if let Some(Expr::StringLiteral(made)) = call.args.args.get(1).map(AsRef::as_ref) {
                left.insert(made.val.clone(), BTreeSet::new());
            }
            Ok(left)
        }
        "scalar" | "time" | "vector" => Ok(Labels::new()),
        "absent" | "absent_over_time" => Ok(equalled(call)),
        _ => Ok(left),
    }
}

/// What is absent has no labels but those that it was asked for by: only of a plain selector Prometheus knows them.
fn equalled(call: &Call) -> Labels {
    let matchers = match call.args.args.first().map(AsRef::as_ref) {
        Some(Expr::VectorSelector(selector)) => selector.matchers.matchers.as_slice(),
        Some(Expr::MatrixSelector(selector)) => selector.vs.matchers.matchers.as_slice(),
        _ => &[],
    };
    let equal = matchers.iter().filter(|matcher| matcher.op == MatchOp::Equal);
    equal.map(|matcher| (matcher.name.clone(), BTreeSet::new())).collect()
}
