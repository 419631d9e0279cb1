//! A service's list of URLs, and who may call each.

use actix_web::body::BoxBody;
use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::middleware::{Next, from_fn};
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder, ResponseError, web};

use crate::Problem;
use crate::guard::enforce;
use crate::problem::Kind;

pub use crate::access::Access;

/// One method of one path.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// HTTP method.
    pub method: Method,
    /// Path pattern as actix writes it: `/v1/invoices/{id}`.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
}

/// Hands one resource to actix.
type Register = Box<dyn FnOnce(&mut web::ServiceConfig)>;

/// The list being written.
#[derive(Default)]
pub struct Routes {
    resources: Vec<Register>,
    endpoints: Vec<Endpoint>,
}

/// One path being written.
pub struct At {
    path: &'static str,
    resource: Resource,
    endpoints: Vec<Endpoint>,
}

impl Routes {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a path with its methods.
    #[must_use]
    pub fn at(mut self, path: &'static str, write: impl FnOnce(At) -> At) -> Self {
        let at = write(At { path, resource: web::resource(path), endpoints: Vec::new() });
        let allow: Vec<&str> = at.endpoints.iter().map(|endpoint| endpoint.method.as_str()).collect();
        let allow = allow.join(", ");
        let refuse = move || {
            let allow = allow.clone();
            async move { Problem::method_not_allowed(allow).error_response() }
        };
        // The access of an endpoint hangs on the resource that was matched, however its path was spelt.
        let endpoints = at.endpoints.clone();
        let guard = move |req: ServiceRequest, next: Next<BoxBody>| {
            let found = endpoints.iter().find(|endpoint| endpoint.method == req.method());
            enforce(found.map_or(Access::Public, |endpoint| endpoint.access), req, next)
        };
        let resource = at.resource.default_service(web::to(refuse)).wrap(from_fn(guard));
        self.resources.push(Box::new(move |config| {
            config.service(resource);
        }));
        self.endpoints.extend(at.endpoints);
        self
    }

    /// Everything that can be called.
    #[must_use]
    pub fn endpoints(&self) -> Vec<Endpoint> {
        self.endpoints.clone()
    }

    /// Hands the list to actix, and answers everything else with 404.
    pub fn configure(self, config: &mut web::ServiceConfig) {
        for resource in self.resources {
            resource(config);
        }
        config.default_service(web::to(not_found));
    }
}

impl At {
    /// Adds GET.
    #[must_use]
    pub fn get<F, Args>(self, access: Access, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(Method::GET, access, handler)
    }

    /// Adds POST.
    #[must_use]
    pub fn post<F, Args>(self, access: Access, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(Method::POST, access, handler)
    }

    fn on<F, Args>(mut self, method: Method, access: Access, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.resource = self.resource.route(web::method(method.clone()).to(handler));
        self.endpoints.push(Endpoint { method, path: self.path, access });
        self
    }
}

async fn not_found(_req: HttpRequest) -> HttpResponse {
    Problem::new(Kind::NotFound).error_response()
}
