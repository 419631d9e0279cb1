//! Roles and who has them.

use serde::Deserialize;

/// `rules` of a Role or ClusterRole.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Rules(#[serde(deserialize_with = "listed")] pub Vec<RoleRule>);

fn listed<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<RoleRule>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        List(Vec<RoleRule>),
        // What is not there at all.
        Nothing {},
    }
    Ok(match Written::deserialize(from)? {
        Written::List(rules) => rules,
        Written::Nothing {} => Vec::new(),
    })
}

/// What may be done with what.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RoleRule {
    /// Groups of the API.
    pub api_groups: Vec<String>,
    /// Kinds, in the plural.
    pub resources: Vec<String>,
    /// Single objects; all when there is none.
    pub resource_names: Vec<String>,
    /// What may be done.
    pub verbs: Vec<String>,
}

/// A RoleBinding or ClusterRoleBinding.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleBinding {
    /// The role.
    pub role_ref: RoleRef,
    /// Who has it.
    #[serde(default)]
    pub subjects: Vec<Subject>,
}

/// Which role.
#[derive(Clone, Debug, Deserialize)]
pub struct RoleRef {
    /// Role or ClusterRole.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// Who has a role.
#[derive(Clone, Debug, Deserialize)]
pub struct Subject {
    /// User, Group or ServiceAccount.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// A ServiceAccount's namespace.
    #[serde(default)]
    pub namespace: String,
}
