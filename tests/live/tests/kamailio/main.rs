//! Agents against Kamailio on real sockets: what `sim` shows for our own server, here for one that others wrote, with SIPp
//! as its trunk.

mod calls;
mod demo;
mod edges;
mod encrypted;
mod faults;
mod offers;
mod phones;
mod presence;
mod refusals;
mod registrars;
mod registration;
mod reliable;
mod requests;
mod transfers;
mod unoffered;
