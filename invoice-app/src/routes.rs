//! Every URL of invoice-app.

use gate::token::Scope;
use service::routes::{Access, Routes};
use utoipa::OpenApi;

use crate::handlers::{
    accounts, billing_runs, captures, certificates, compat_invoices, compat_rest, customers, health,
    invoice_actions, invoices, reconciliation, run_progress,
};

const INVOICES_READ: Access = Access::Key(Scope::InvoicesRead);
const OWN_INVOICES: Access = Access::Own(Scope::InvoicesRead);
const INVOICES_WRITE: Access = Access::Key(Scope::InvoicesWrite);
const CUSTOMERS_READ: Access = Access::Key(Scope::CustomersRead);
const OWN_CUSTOMERS: Access = Access::Own(Scope::CustomersRead);
const CUSTOMERS_WRITE: Access = Access::Key(Scope::CustomersWrite);
const BILLING: Access = Access::Key(Scope::BillingRun);

/// The public API.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .at("/v1/customers", |at| {
            at.get(OWN_CUSTOMERS, customers::list_customers).post(CUSTOMERS_WRITE, customers::create_customer)
        })
        .at("/v1/customers/{id}", |at| at.get(OWN_CUSTOMERS, customers::get_customer))
        .at("/v1/customers/{id}/account", |at| at.get(OWN_CUSTOMERS, accounts::get_account))
        .at("/v1/customers/{id}/deposits", |at| at.post(CUSTOMERS_WRITE, accounts::make_deposit))
        .at("/v1/invoices", |at| {
            at.get(OWN_INVOICES, invoices::list_invoices).post(INVOICES_WRITE, invoices::create_invoice)
        })
        .at("/v1/invoices/{id}", |at| at.get(OWN_INVOICES, invoices::get_invoice))
        .at("/v1/invoices/{id}/attempts", |at| at.get(OWN_INVOICES, invoice_actions::list_attempts))
        .at("/v1/invoices/{id}/void", |at| at.post(INVOICES_WRITE, invoice_actions::void_invoice))
        .at("/v1/invoices/{id}/release", |at| at.post(INVOICES_WRITE, invoice_actions::release_invoice))
        .at("/v1/invoices/{id}/collect", |at| at.post(BILLING, invoice_actions::collect_invoice))
        .at("/v1/billing-runs", |at| {
            at.get(INVOICES_READ, billing_runs::list_billing_runs)
                .post(BILLING, billing_runs::create_billing_run)
        })
        .at("/v1/billing-runs/{id}", |at| at.get(INVOICES_READ, billing_runs::get_billing_run))
        .at("/v1/billing-runs/{id}/pause", |at| at.post(BILLING, billing_runs::pause_billing_run))
        .at("/v1/billing-runs/{id}/resume", |at| at.post(BILLING, billing_runs::resume_billing_run))
        .at("/v1/billing-runs/{id}/cancel", |at| at.post(BILLING, billing_runs::cancel_billing_run))
        .at("/v1/billing-runs/{id}/progress", |at| at.get(INVOICES_READ, run_progress::watch_billing_run))
        .at("/v1/billing-runs/{id}/certificate", |at| at.get(INVOICES_READ, certificates::get_certificate))
        .at("/v1/reconciliation", |at| {
            at.get(INVOICES_READ, reconciliation::get_reconciliation)
                .post(BILLING, reconciliation::reconcile_now)
        })
        .at("/v1/captures", |at| at.get(INVOICES_READ, captures::list_captures))
        .at("/rest/health", |at| at.get(Access::Public, health::own))
        .at("/pp/rest/health", |at| at.get(Access::Public, health::of_provider))
        .at("/rest/v1/customers", |at| at.get(CUSTOMERS_READ, compat_rest::list_customers))
        .at("/rest/v1/customers/{id}", |at| at.get(CUSTOMERS_READ, compat_rest::get_customer))
        .at("/rest/v1/invoices", |at| at.get(INVOICES_READ, compat_rest::list_invoices))
        .at("/rest/v1/invoices/pay", |at| at.post(BILLING, compat_rest::pay))
        .at("/rest/v1/invoices/{id}", |at| at.get(INVOICES_READ, compat_rest::get_invoice))
        .at("/rest/v1/billing", |at| at.post(BILLING, compat_rest::start_billing))
        .at("/rest/v1/billing/retry", |at| at.post(BILLING, compat_rest::retry_billing))
        .at("/invoices", |at| at.get(INVOICES_READ, compat_invoices::list))
        .at("/invoices/pay", |at| at.post(BILLING, compat_invoices::pay))
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Antaeus invoice-app"),
    paths(
        customers::create_customer,
        customers::list_customers,
        customers::get_customer,
        accounts::get_account,
        accounts::make_deposit,
        invoices::create_invoice,
        invoices::list_invoices,
        invoices::get_invoice,
        invoice_actions::list_attempts,
        invoice_actions::void_invoice,
        invoice_actions::release_invoice,
        invoice_actions::collect_invoice,
        billing_runs::create_billing_run,
        billing_runs::list_billing_runs,
        billing_runs::get_billing_run,
        billing_runs::pause_billing_run,
        billing_runs::resume_billing_run,
        billing_runs::cancel_billing_run,
        run_progress::watch_billing_run,
        certificates::get_certificate,
        reconciliation::get_reconciliation,
        reconciliation::reconcile_now,
        captures::list_captures,
    )
)]
struct Document;

/// The OpenAPI document of the `/v1` API.
#[must_use]
pub fn openapi() -> String {
    Document::openapi().to_pretty_json().unwrap_or_default()
}
