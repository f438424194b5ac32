//! `brimful portal`: the emulator on a port, until somebody ends it.

use std::net::SocketAddr;

use brimful_portal::{
    Churn, Costs, Faults, Generation, HiddenRows, OperatingLimit, Portal, PortalConfig, RateLimit,
    Seconds, SpecError, Stats, Statuses, Tls, Webhook,
};

use crate::cli::{LimiterArg, PortalArgs, SecondsArg, StatusesArg};
use crate::demo;
use crate::exit::Exit;
use crate::figures::counted;
use crate::hint::Failure;
use crate::interrupt::Interrupts;
use crate::printer::Printer;
use crate::rows_arg::r7_entity;

pub(crate) async fn run(args: &PortalArgs, printer: Printer) -> Result<Exit, Failure> {
    let portal = Portal::new(config(args)?).map_err(|error| Failure::usage(error.to_string()))?;
    let mut interrupts = Interrupts::catch()
        .map_err(|error| Failure::failed(format!("signals cannot be caught: {error}")))?;
    let address = SocketAddr::new(args.listen, args.port);
    let bound = match tls(args)? {
        Some(tls) => portal.bind_tls(address, tls).await,
        None => portal.bind(address).await,
    };
    let server = bound.map_err(|error| {
        Failure::failed(format!("could not listen on {address}: {error}"))
            .hint("--port 0 takes any port that is free")
    })?;
    if !args.listen.is_loopback() {
        printer.warning(&format!(
            "{} is not this machine alone: whoever reaches it and knows the code can read and change the portal",
            args.listen
        ));
    }
    printer
        .data(server.webhook_url().as_bytes())
        .map_err(|error| Failure::failed(format!("could not write to standard output: {error}")))?;
    printer.note(&format!("portal with {}; Ctrl-C ends it", args.limit));
    if args
        .rows
        .iter()
        .any(|rows| r7_entity(&rows.entity).is_some())
        || args
            .load
            .iter()
            .any(|load| r7_entity(&load.entity).is_some())
    {
        let origin = server.origin();
        printer.note(&format!(
            "R7-Office at {origin}/api/2.0/; the token demo lets in"
        ));
    }
    for app in &args.app {
        let origin = server.origin();
        printer.note(&format!(
            "application {id}: {origin}/oauth/authorize/?client_id={id} lets it in, {origin}/oauth/token/ gives it tokens",
            id = app.client_id
        ));
    }
    tokio::select! {
        () = install(args, &portal, printer) => interrupts.next().await,
        exit = interrupts.next() => exit,
    };
    let stats = portal.stats();
    tokio::select! {
        ended = server.shut_down() => ended.map_err(|error| Failure::failed(format!("the portal broke: {error}")))?,
        // The second time there is no waiting for requests in flight.
        exit = interrupts.next() => return Ok(exit),
    }
    printer.note(&account(&stats));
    Ok(Exit::Done)
}

/// Tells the applications that they are installed, if they are to be told.
async fn install(args: &PortalArgs, portal: &Portal, printer: Printer) {
    if !args.install {
        return;
    }
    for app in &args.app {
        let user = args.signed_in.unwrap_or(args.user);
        match portal.install(&app.client_id, user).await {
            Ok(()) => printer.note(&format!("application {} was installed", app.client_id)),
            Err(error) => printer.warning(&format!(
                "application {} was not told of its installation: {error}",
                app.client_id
            )),
        }
    }
}

/// The certificate, if there is to be one; the first of its names is the one in the address to use.
fn tls(args: &PortalArgs) -> Result<Option<Tls>, Failure> {
    if !args.tls {
        return Ok(None);
    }
    let mut names = args.tls_name.clone();
    names.extend(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
    if !args.listen.is_unspecified() {
        names.push(args.listen.to_string());
    }
    let tls = Tls::made_for(names).map_err(|error| Failure::usage(error.to_string()))?;
    if let Some(file) = &args.tls_ca {
        tls.write_ca(file).map_err(|error| {
            Failure::failed(format!(
                "could not write the certificate of the authority to {}: {error}",
                file.display()
            ))
        })?;
    }
    Ok(Some(tls))
}

fn config(args: &PortalArgs) -> Result<PortalConfig, Failure> {
    let mut config = PortalConfig::new()
        .seed(args.seed)
        .token_ttl(args.token_ttl)
        .skew(args.skew)
        .zone(args.zone)
        .seconds(match args.seconds {
            SecondsArg::Whole => Seconds::Whole,
            SecondsArg::Fractional => Seconds::Fractional,
        })
        .wall(args.wall)
        .body_limit(args.body_limit)
        .faults(Faults::parse(&args.faults.join("\n")).map_err(|error| wrong(&error))?)
        .churn(Churn::parse(&args.churn.join("\n")).map_err(|error| wrong(&error))?)
        .hide(HiddenRows::parse(&args.hide.join("\n")).map_err(|error| wrong(&error))?)
        .statuses(match args.statuses {
            StatusesArg::Docs => Statuses::Docs,
            StatusesArg::Code => Statuses::Code,
        })
        .rate_limit(rate_limit(args))
        .operating_limit(operating_limit(args))
        .latency(args.latency)
        .jitter(args.jitter)
        .costs(Costs {
            call: args.cost_call,
            row: args.cost_row,
            count: args.cost_count,
            skip: args.cost_skip,
        });
    if let Some(seconds) = args.starts_at {
        config = config.starts_at(f64::from(seconds));
    }
    if let Some(address) = &args.moved_to {
        config = config.moved_to(address.as_str());
    }
    config = data(config, args)?;
    #[cfg(feature = "r7")]
    {
        config = super::r7::emulator::add_to(config, args)?;
    }
    Ok(access(config, args))
}

fn wrong(error: &SpecError) -> Failure {
    Failure::usage(error.to_string())
}

fn data(mut config: PortalConfig, args: &PortalArgs) -> Result<PortalConfig, Failure> {
    if args.rows.is_empty() && args.load.is_empty() && args.reply.is_empty() {
        config = demo::with_rows(config);
    } else if !args.app.is_empty() && !has_users(args) {
        // Somebody has to let the applications in.
        config = config.rows("user", args.signed_in.unwrap_or(1).max(args.user));
    }
    for rows in &args.rows {
        if r7_entity(&rows.entity).is_some() {
            continue;
        }
        config = config.sparse_rows(rows.entity.as_str(), rows.rows, args.gaps);
    }
    for load in &args.load {
        if r7_entity(&load.entity).is_some() {
            continue;
        }
        config = if load.is_of_method() {
            config.load_rows_of(load.entity.as_str(), load.read()?)
        } else {
            config.load(load.entity.as_str(), load.read()?)
        };
    }
    for reply in &args.reply {
        config = config.reply(reply.method.as_str(), reply.read()?);
    }
    Ok(config)
}

fn has_users(args: &PortalArgs) -> bool {
    let mut entities = args.rows.iter().map(|rows| &rows.entity);
    entities.any(|entity| entity == "user") || args.load.iter().any(|load| load.entity == "user")
}

/// Who may call, and what they may see.
fn access(mut config: PortalConfig, args: &PortalArgs) -> PortalConfig {
    let hook = Webhook::new(args.user, args.code.as_str());
    config = config.webhooks([if args.scopes.is_empty() {
        hook
    } else {
        hook.scopes(&args.scopes)
    }]);
    for hook in &args.webhook {
        config = config.webhook(hook.0.clone());
    }
    for token in &args.token {
        config = config.token(token.token(&args.scopes));
    }
    for app in &args.app {
        let app = app.app(&args.scopes);
        config = config.app(match args.signed_in {
            Some(user) => app.signed_in_as(user),
            None => app,
        });
    }
    for one in &args.rights {
        config = config.user_rights(one.user, one.rights);
    }
    match &args.address {
        Some(address) => config.address(address.as_str()),
        None => config,
    }
}

fn rate_limit(args: &PortalArgs) -> Option<RateLimit> {
    let limit = demo::rate_limit(args.limit)?;
    Some(if args.count_refused {
        limit.counting_refused()
    } else {
        limit
    })
}

fn operating_limit(args: &PortalArgs) -> Option<OperatingLimit> {
    let generation = match args.limiter {
        LimiterArg::May2026 => Generation::Expiring,
        LimiterArg::October2026 => Generation::Banning,
        LimiterArg::Off => return None,
    };
    Some(OperatingLimit {
        generation,
        seconds: args.operating.as_secs_f64(),
    })
}

fn account(stats: &Stats) -> String {
    format!(
        "{}, {} in batches, {} for the rate, {} for the operating time",
        counted(stats.requests, "requests"),
        counted(stats.commands, "commands"),
        counted(stats.refused_by_rate, "refusals"),
        counted(stats.refused_by_operating, "refusals"),
    )
}
