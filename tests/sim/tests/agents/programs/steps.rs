//! What programs are made of: commands, what the other end does, what happens to the flow, and time.

use super::peer::Move;
use proptest::prelude::*;

/// One thing that the program does.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Invite { offer: bool },
    Accept(usize),
    Progress { which: usize, body: bool },
    Reject(usize),
    Terminate(usize),
    Reinvite(usize),
    Update(usize),
    Answer(usize),
    Refuse(usize),
    Info(usize),
    Refer { which: usize, is_attended: bool },
    Follow(usize),
    Decline(usize),
    Redirect { which: usize, goes: bool },
    Subscribe,
    Unsubscribe,
    Message,
    Register,
    Unregister,
    Woke,
    Cut,
    Reachable(bool),
    Registrar(u8),
    Peer(Move),
    Run(u64),
}

fn moves() -> impl Strategy<Value = Move> {
    let which = || 0usize..3;
    let codes = vec![100, 180, 183, 200, 202, 302, 401, 408, 422, 481, 486, 487, 488, 491, 500, 503, 603];
    let respond = (which(), prop::sample::select(codes), 0u8..2, any::<bool>(), any::<bool>());
    let inside = prop::sample::select(vec!["INVITE", "UPDATE", "BYE", "INFO", "REFER", "MESSAGE", "OPTIONS"]);
    let strange =
        || prop::sample::select(vec!["BYE", "INFO", "UPDATE", "REFER", "NOTIFY", "PRACK", "MESSAGE", "FOO"]);
    prop_oneof![
        10 => Just(Move::NextRight),
        8 => respond.prop_map(|(which, code, fork, body, reliable)| Move::Respond { which, code, fork, body, reliable }),
        5 => (any::<bool>(), any::<bool>()).prop_map(|(offer, reliable)| Move::Call { offer, reliable }),
        1 => (which(), any::<bool>()).prop_map(|(which, body)| Move::Ack { which, body }),
        1 => which().prop_map(|which| Move::Cancel { which }),
        3 => (which(), any::<bool>(), any::<bool>())
            .prop_map(|(which, is_right, body)| Move::Prack { which, is_right, body }),
        6 => (which(), inside, any::<bool>()).prop_map(|(which, method, body)| Move::Inside { which, method, body }),
        2 => (which(), prop::sample::select(vec![100, 180, 200, 486]), any::<bool>())
            .prop_map(|(which, code, is_last)| Move::Notify { which, code, is_last }),
        1 => (which(), strange()).prop_map(|(which, method)| Move::Stale { which, method }),
        1 => strange().prop_map(|method| Move::Stranger { method }),
        1 => strange().prop_map(|method| Move::Outside { method }),
        2 => which().prop_map(|which| Move::Repeat { which }),
        1 => (0u8..3).prop_map(|kind| Move::Noise { kind }),
    ]
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let which = || 0usize..4;
    prop_oneof![
        5 => any::<bool>().prop_map(|offer| Step::Invite { offer }),
        6 => which().prop_map(Step::Accept),
        2 => (which(), any::<bool>()).prop_map(|(which, body)| Step::Progress { which, body }),
        1 => which().prop_map(Step::Reject),
        2 => which().prop_map(Step::Terminate),
        4 => which().prop_map(Step::Reinvite),
        4 => which().prop_map(Step::Update),
        4 => which().prop_map(Step::Answer),
        1 => which().prop_map(Step::Refuse),
        2 => which().prop_map(Step::Info),
        2 => (which(), any::<bool>()).prop_map(|(which, is_attended)| Step::Refer { which, is_attended }),
        2 => which().prop_map(Step::Follow),
        1 => which().prop_map(Step::Decline),
        1 => (which(), any::<bool>()).prop_map(|(which, goes)| Step::Redirect { which, goes }),
        1 => Just(Step::Subscribe),
        1 => Just(Step::Unsubscribe),
        1 => Just(Step::Message),
        1 => Just(Step::Register),
        1 => prop::bool::weighted(0.2).prop_map(|out| if out { Step::Unregister } else { Step::Register }),
        1 => Just(Step::Woke),
        1 => Just(Step::Cut),
        1 => any::<bool>().prop_map(Step::Reachable),
        1 => (0u8..6).prop_map(Step::Registrar),
        40 => moves().prop_map(Step::Peer),
        12 => prop::sample::select(vec![1, 100, 600, 5_000, 33_000, 200_000, 950_000]).prop_map(Step::Run),
    ]
}

/// What a program begins with, so that not all of its steps are spent on the way to a call.
pub(crate) fn opening() -> impl Strategy<Value = Vec<Step>> {
    let call = |offer, reliable| Step::Peer(Move::Call { offer, reliable });
    let rings = |reliable, body| Step::Peer(Move::Respond { which: 0, code: 183, fork: 0, body, reliable });
    let right = || Step::Peer(Move::NextRight);
    let prack = Step::Peer(Move::Prack { which: 0, is_right: true, body: true });
    prop::sample::select(vec![
        vec![],
        vec![Step::Invite { offer: true }, right()],
        vec![Step::Invite { offer: true }, rings(true, true)],
        vec![Step::Invite { offer: true }, rings(true, true), Step::Update(0)],
        vec![Step::Invite { offer: true }, rings(false, false)],
        vec![Step::Invite { offer: false }, rings(true, true), Step::Answer(0)],
        vec![call(true, false), Step::Accept(0), right()],
        vec![call(true, true), Step::Progress { which: 0, body: true }],
        vec![call(false, true), Step::Progress { which: 0, body: true }],
        vec![call(false, true), Step::Progress { which: 0, body: true }, prack, Step::Update(0)],
        vec![call(false, false), Step::Accept(0), right()],
        vec![Step::Invite { offer: true }, right(), call(true, false), Step::Accept(0), right()],
    ])
}
