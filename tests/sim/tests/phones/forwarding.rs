//! Forwarding and sending on, as the person does it on the screen.

use softframe_phone::{
    Action,
    view::{ForwardRule, Screen, Sheet},
};
use softframe_sim::World;

fn rules(world: &World, station: usize) -> Vec<ForwardRule> {
    match world.view(station).screen {
        Screen::Forwarding(forwarding) => forwarding.rules,
        other => panic!("{other:?}"),
    }
}

fn third(world: &mut World) -> usize {
    let station = world.station();
    world.boot(station, &world.kiosk("202", "secret-202", ""));
    world.run(1_000);
    station
}

#[test]
fn a_rule_is_on_once_it_has_a_number_and_calls_follow_it() {
    let mut world = World::pair();
    let third = third(&mut world);
    world.act(1, Action::OpenStatus);
    assert!(matches!(world.view(1).sheet, Some(Sheet::Status { forward, .. }) if forward.id == "status.off"));
    world.act(1, Action::OpenForwarding);
    world.act(1, Action::Forward("unc", true));
    assert!(rules(&world, 1)[0].open);
    assert!(world.stations[1].kinds("forward:change").is_empty(), "without a number nothing is set");
    world.act(1, Action::ForwardTo("unc", "john".into()));
    let rule = rules(&world, 1)[0].clone();
    assert_eq!((rule.error.unwrap().id, rule.destination.as_str()), ("dial.invalid", "john"));
    world.act(1, Action::ForwardTo("unc", "202".into()));
    assert_eq!(rules(&world, 1)[0].error, None);
    assert_eq!(world.stations[1].last("forward:change")["forwards"]["unc"]["destination"], "202");
    world.act(1, Action::Back);
    world.act(1, Action::OpenStatus);
    let Some(Sheet::Status { forward, .. }) = world.view(1).sheet else { panic!("the status") };
    assert_eq!((forward.id, forward.args[1].1.as_str()), ("forward.summary", "202"));
    world.act(0, Action::CallNumber("201".into()));
    world.run(1_000);
    world.answer(third);
    world.act(1, Action::Forward("unc", false));
    assert_eq!(world.stations[1].last("forward:change")["forwards"]["unc"]["enabled"], false);
}

#[test]
fn the_slider_stays_within_its_ends() {
    let mut world = World::pair();
    world.act(0, Action::OpenForwarding);
    for (asked, set) in [(1, 5), (20, 20), (400, 60)] {
        world.act(0, Action::ForwardAfter(asked));
        assert_eq!(rules(&world, 0)[2].seconds, Some(set));
    }
}

#[test]
fn a_ringing_call_is_sent_to_another_number_and_back_leads_to_the_ring() {
    let mut world = World::pair();
    let third = third(&mut world);
    world.act(0, Action::CallNumber("201".into()));
    world.run(1_000);
    let ringing = world.ringing(1);
    world.act(1, Action::SendTo(ringing));
    assert!(matches!(world.view(1).screen, Screen::TransferPick(pick) if pick.redirect && !pick.enabled));
    world.act(1, Action::Back);
    assert!(matches!(world.view(1).screen, Screen::Incoming(_)));
    world.act(1, Action::SendTo(ringing));
    world.act(1, Action::DialField("202".into()));
    world.act(1, Action::Redirect(ringing, "202".into()));
    world.run(1_000);
    world.answer(third);
    let ended = world.stations[1].last("phone:terminated");
    assert_eq!(
        (&ended["cause"]["reason"], &ended["cause"]["transferredTo"]),
        (&"forwarded".into(), &"202".into())
    );
}
