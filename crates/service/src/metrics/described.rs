//! What is known of each metric: for the documents, and for whoever checks a panel against it.

/// What Prometheus calls the type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts in buckets; its series end in `_bucket`, `_sum` and `_count`.
    Histogram,
}

impl Type {
    /// Prometheus' word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// One metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Type,
    /// What it means.
    pub help: &'static str,
    /// Names of its labels.
    pub labels: Vec<&'static str>,
}

impl Described {
    pub(super) fn counter(name: &'static str, help: &'static str, labels: &[&'static str]) -> Self {
        Self { name, kind: Type::Counter, help, labels: labels.to_vec() }
    }

    pub(super) fn gauge(name: &'static str, help: &'static str, labels: &[&'static str]) -> Self {
        Self { name, kind: Type::Gauge, help, labels: labels.to_vec() }
    }

    pub(super) fn histogram(name: &'static str, help: &'static str, labels: &[&'static str]) -> Self {
        Self { name, kind: Type::Histogram, help, labels: labels.to_vec() }
    }

    /// What its numbers count.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        let base = self.name.trim_end_matches("_total");
        match base.rsplit('_').next().unwrap_or_default() {
            "seconds" => "seconds",
            "bytes" => "bytes",
            "amount" => "minor units",
            _ => "1",
        }
    }
}

const fn process(name: &'static str, kind: Type, help: &'static str) -> Described {
    Described { name, kind, help, labels: Vec::new() }
}

/// What the prometheus crate's collector says of the process.
pub(super) const PROCESS: &[Described] = &[
    process("process_cpu_seconds_total", Type::Counter, "CPU time of the process, in whole seconds."),
    process("process_open_fds", Type::Gauge, "Open file descriptors."),
    process("process_max_fds", Type::Gauge, "Most file descriptors that may be open."),
    process("process_virtual_memory_bytes", Type::Gauge, "Virtual memory."),
    process("process_resident_memory_bytes", Type::Gauge, "Resident memory."),
    process("process_start_time_seconds", Type::Gauge, "When the process started, as a Unix time."),
    process("process_threads", Type::Gauge, "Threads."),
];
