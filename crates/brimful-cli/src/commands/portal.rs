//! `brimful portal`: the emulator on a port, until somebody ends it.

use std::net::SocketAddr;

use brimful_portal::{
    Costs, Generation, OperatingLimit, Portal, PortalConfig, Stats, Statuses, Tls, Webhook,
};

use crate::cli::{LimiterArg, PortalArgs, StatusesArg};
use crate::demo;
use crate::exit::Exit;
use crate::figures::counted;
use crate::hint::Failure;
use crate::interrupt::Interrupts;
use crate::printer::Printer;

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
    interrupts.next().await;
    let stats = portal.stats();
    tokio::select! {
        ended = server.shut_down() => ended.map_err(|error| Failure::failed(format!("the portal broke: {error}")))?,
        // The second time there is no waiting for requests in flight.
        exit = interrupts.next() => return Ok(exit),
    }
    printer.note(&account(&stats));
    Ok(Exit::Done)
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
        .webhooks([Webhook::new(args.user, args.code.as_str())])
        .statuses(match args.statuses {
            StatusesArg::Docs => Statuses::Docs,
            StatusesArg::Code => Statuses::Code,
        })
        .rate_limit(demo::rate_limit(args.limit))
        .operating_limit(operating_limit(args.limiter))
        .latency(args.latency)
        .jitter(args.jitter)
        .costs(Costs {
            call: args.cost_call,
            row: args.cost_row,
            count: args.cost_count,
            skip: args.cost_skip,
        });
    if args.rows.is_empty() && args.load.is_empty() && args.reply.is_empty() {
        config = demo::with_rows(config);
    }
    for rows in &args.rows {
        config = config.sparse_rows(rows.entity.as_str(), rows.rows, args.gaps);
    }
    for load in &args.load {
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

fn operating_limit(limiter: LimiterArg) -> Option<OperatingLimit> {
    let generation = match limiter {
        LimiterArg::May2026 => Generation::Expiring,
        LimiterArg::October2026 => Generation::Banning,
        LimiterArg::Off => return None,
    };
    Some(OperatingLimit {
        generation,
        ..OperatingLimit::default()
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
