//! Colours: the person's choice of light or dark, and the one colour a host may choose (ui.md 10).
//!
//! Only the accent can be exchanged; one that could be taken for live, end or waiting is refused.

use super::{
    dom::{Part, document},
    text::is_mirrored,
};
#[cfg(target_arch = "wasm32")]
use js_sys::Math;
use softframe_phone::{Theme, view::Look};

/// Hues (degrees, OKLCH) of live, end and warn, and how far an accent must keep away from them.
const MEANT_HUES: [f64; 3] = [155.0, 27.0, 75.0];
const HUE_DISTANCE: f64 = 25.0;
/// Below this chroma a colour is grey and has no hue to mistake.
const GREY: f64 = 0.04;
/// Of letters on what they stand on: 4.5, and what is lost where colours are rounded to whole numbers.
const INK_CONTRAST: f64 = 4.55;

/// Writes theme, accent, and the tag of the language that is spoken on the root element.
pub(crate) fn write(look: &Look, tag: &str) {
    let Some(root) = document().document_element().map(Part::of) else { return };
    root.attribute(
        "data-theme",
        match look.theme {
            Theme::System => None,
            Theme::Light => Some("light"),
            Theme::Dark => Some("dark"),
        },
    );
    root.attribute("lang", Some(tag));
    root.attribute("dir", Some(if is_mirrored(tag) { "rtl" } else { "ltr" }));
    if let Some((light, dark)) = &look.accent {
        for (side, colour, ground) in
            [("light", light, Rgb::of("#ffffff")), ("dark", dark, Rgb::of("#15171b"))]
        {
            write_accent(&root, side, colour, ground);
        }
    }
}

fn write_accent(root: &Part, side: &str, colour: &str, ground: Option<Rgb>) {
    let (Some(accent), Some(ground)) = (Rgb::of(colour), ground) else {
        return crate::app::warn("the accent is not a colour of the form #rrggbb");
    };
    let Some(derived) = Derived::from(accent, ground) else {
        return crate::app::warn("the accent could be taken for live, waiting or ended, and is not used");
    };
    for (name, value) in [
        ("accent", derived.accent),
        ("on-accent", derived.on_accent),
        ("accent-ink", derived.ink),
        ("accent-soft", derived.soft),
    ] {
        root.property(&format!("--{name}-{side}"), &value.hex());
    }
}

/// Everything that follows from one colour on one ground.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Derived {
    accent: Rgb,
    on_accent: Rgb,
    ink: Rgb,
    soft: Rgb,
}

impl Derived {
    fn from(accent: Rgb, ground: Rgb) -> Option<Derived> {
        let (_, chroma, hue) = accent.oklch();
        let near = |meant: &f64| {
            let distance = (hue - meant).abs() % 360.0;
            distance.min(360.0 - distance) < HUE_DISTANCE
        };
        if chroma >= GREY && MEANT_HUES.iter().any(near) {
            return None;
        }
        let accent = accent.until(ground, 3.0);
        let (white, night) = (Rgb([1.0; 3]), Rgb::of("#0f1430")?);
        let on_accent = if accent.contrast(white) >= accent.contrast(night) { white } else { night };
        let share = if ground.luminance() > 0.5 { 0.1 } else { 0.2 };
        let soft = ground.mixed(accent, share);
        let raised = if ground.luminance() > 0.5 { ground } else { Rgb::of("#1e2127")? };
        // Whatever differs less from the ink than the ground does.
        let ink = accent.until(soft, INK_CONTRAST).until(raised, INK_CONTRAST);
        Some(Derived { accent, on_accent, ink, soft })
    }
}

/// sRGB, each 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rgb([f64; 3]);

impl Rgb {
    /// Of `#rrggbb`.
    fn of(text: &str) -> Option<Rgb> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
        let value = u32::from_str_radix(digits, 16).ok()?;
        Some(Rgb([16, 8, 0].map(|shift| f64::from(value >> shift & 0xff) / 255.0)))
    }

    fn hex(self) -> String {
        let [r, g, b] = self.0.map(|part| (part.clamp(0.0, 1.0) * 255.0).round() as u8);
        format!("#{r:02x}{g:02x}{b:02x}")
    }

    fn linear(self) -> [f64; 3] {
        self.0
            .map(|part| if part <= 0.040_45 { part / 12.92 } else { Math::pow((part + 0.055) / 1.055, 2.4) })
    }

    /// WCAG 2 relative luminance.
    fn luminance(self) -> f64 {
        let [r, g, b] = self.linear();
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn contrast(self, other: Rgb) -> f64 {
        let (one, other) = (self.luminance() + 0.05, other.luminance() + 0.05);
        one.max(other) / one.min(other)
    }

    fn mixed(self, other: Rgb, share: f64) -> Rgb {
        let mut parts = self.0;
        for (part, other) in parts.iter_mut().zip(other.0) {
            *part += (other - *part) * share;
        }
        Rgb(parts)
    }

    /// Moved in lightness, away from the ground, until the contrast is reached.
    fn until(self, ground: Rgb, contrast: f64) -> Rgb {
        let (lightness, chroma, hue) = self.oklch();
        let step = if ground.luminance() > 0.5 { -0.01 } else { 0.01 };
        let tried = (0..100).map(|n| Rgb::from_oklch(lightness + f64::from(n) * step, chroma, hue));
        let mut all = std::iter::once(self).chain(tried);
        all.find(|colour| colour.contrast(ground) >= contrast).unwrap_or(self)
    }

    /// Lightness, chroma, hue in degrees (Ottosson's OKLab).
    fn oklch(self) -> (f64, f64, f64) {
        let [r, g, b] = self.linear();
        let l = Math::cbrt(0.412_221_47 * r + 0.536_332_54 * g + 0.051_445_99 * b);
        let m = Math::cbrt(0.211_903_5 * r + 0.680_699_55 * g + 0.107_396_96 * b);
        let s = Math::cbrt(0.088_302_46 * r + 0.281_718_84 * g + 0.629_978_7 * b);
        let lightness = 0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_05 * s;
        let a = 1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s;
        let b = 0.025_904_04 * l + 0.782_771_77 * m - 0.808_675_77 * s;
        (lightness, Math::hypot(a, b), Math::atan2(b, a).to_degrees().rem_euclid(360.0))
    }

    fn from_oklch(lightness: f64, chroma: f64, hue: f64) -> Rgb {
        let lightness = lightness.clamp(0.0, 1.0);
        let (a, b) = (chroma * Math::cos(hue.to_radians()), chroma * Math::sin(hue.to_radians()));
        let l = (lightness + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
        let m = (lightness - 0.105_561_35 * a - 0.063_854_17 * b).powi(3);
        let s = (lightness - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
        let linear = [
            4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s,
            -1.268_438 * l + 2.609_757_4 * m - 0.341_319_38 * s,
            -0.004_196_09 * l - 0.703_418_6 * m + 1.707_614_7 * s,
        ];
        Rgb(linear.map(|part| {
            let part = part.clamp(0.0, 1.0);
            if part <= 0.003_130_8 { part * 12.92 } else { 1.055 * Math::pow(part, 1.0 / 2.4) - 0.055 }
        }))
    }
}

/// What the browser's `Math` does there. In the widget the standard library's own would weigh 12 kB.
#[cfg(not(target_arch = "wasm32"))]
struct Math;

#[cfg(not(target_arch = "wasm32"))]
impl Math {
    fn pow(base: f64, exponent: f64) -> f64 {
        base.powf(exponent)
    }

    fn cbrt(x: f64) -> f64 {
        x.cbrt()
    }

    fn hypot(x: f64, y: f64) -> f64 {
        x.hypot(y)
    }

    fn atan2(y: f64, x: f64) -> f64 {
        y.atan2(x)
    }

    fn sin(x: f64) -> f64 {
        x.sin()
    }

    fn cos(x: f64) -> f64 {
        x.cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derived(colour: &str, ground: &str) -> Option<Derived> {
        Derived::from(Rgb::of(colour)?, Rgb::of(ground)?)
    }

    #[test]
    fn a_colour_comes_back_from_oklch() {
        for colour in ["#3f56d8", "#0b7285", "#93a1ff", "#808080", "#000000"] {
            let rgb = Rgb::of(colour).unwrap();
            let (l, c, h) = rgb.oklch();
            assert_eq!(Rgb::from_oklch(l, c, h).hex(), colour);
        }
    }

    #[test]
    fn what_is_derived_can_be_read_on_both_grounds() {
        for colour in ["#0b7285", "#3f56d8", "#e8e8ff", "#101040", "#9c36b5", "#777777"] {
            for ground in ["#ffffff", "#15171b"] {
                let derived = derived(colour, ground).unwrap();
                let ground = Rgb::of(ground).unwrap();
                assert!(derived.accent.contrast(ground) >= 3.0, "{colour}");
                let raised = Rgb::of("#1e2127").filter(|_| ground.luminance() < 0.5).unwrap_or(ground);
                // As it is written on the page.
                let ink = Rgb::of(&derived.ink.hex()).unwrap();
                for under in [ground, derived.soft, raised] {
                    assert!(ink.contrast(under) >= 4.5, "{colour} on {}", under.hex());
                }
                assert!(derived.accent.contrast(derived.on_accent) >= 4.0, "{colour} {derived:?}");
            }
        }
    }

    #[test]
    fn an_accent_that_means_something_else_is_refused() {
        for colour in ["#13794a", "#cc322e", "#f3b23c", "#22aa44"] {
            assert_eq!(derived(colour, "#ffffff"), None, "{colour}");
        }
        assert_eq!(Rgb::of("red"), None);
        assert_eq!(Rgb::of("#12345g"), None);
    }

    const STYLE: &str = include_str!("../../../../www/style.css");

    /// A colour of the style sheet, or a token of it: light and dark.
    fn colours(name: &str) -> [Rgb; 2] {
        let value = match name.starts_with('#') {
            true => name,
            false => {
                STYLE.split_once(&format!("--{name}: ")).and_then(|(_, rest)| rest.split(';').next()).unwrap()
            }
        };
        let colours: Vec<Rgb> =
            value.match_indices('#').filter_map(|(at, _)| Rgb::of(value.get(at..at + 7)?)).collect();
        [colours[0], colours[colours.len() - 1]]
    }

    /// What stands on what, and how well it is told from it: light, dark (WCAG 2.2: 4.5 for texts, 3 for what is no text;
    /// `ink3` is of what cannot be used, for which it asks nothing).
    const CONTRASTS: [(&str, &str, [f64; 2]); 35] = [
        ("ink", "bg", [17.96, 16.14]),
        ("ink", "fill", [16.02, 13.48]),
        ("ink", "press", [13.3, 9.8]),
        ("ink2", "bg", [6.94, 8.21]),
        ("ink2", "fill", [6.19, 6.86]),
        ("ink2", "sunk", [6.42, 8.72]),
        ("ink2", "accent-soft", [6.01, 6.52]),
        ("ink2", "live-soft", [6.01, 6.52]),
        ("ink2", "end-soft", [6.01, 6.52]),
        ("ink2", "warn-soft", [6.01, 6.52]),
        ("ink3", "bg", [2.94, 3.71]),
        ("edge", "bg", [3.34, 4.33]),
        ("on-accent", "accent", [5.94, 7.55]),
        ("accent", "bg", [5.94, 7.50]),
        ("accent-ink", "bg", [7.21, 9.11]),
        ("accent-ink", "accent-soft", [6.24, 7.28]),
        ("#ffffff", "live", [5.44, 4.70]),
        ("live-ink", "bg", [6.58, 9.92]),
        ("live-ink", "live-soft", [5.75, 7.87]),
        ("#ffffff", "end", [5.17, 4.64]),
        ("end-ink", "bg", [6.54, 8.37]),
        ("end-ink", "end-soft", [5.68, 7.19]),
        ("on-warn", "warn", [8.89, 8.69]),
        ("warn-ink", "bg", [6.74, 10.73]),
        ("warn-ink", "warn-soft", [6.03, 8.65]),
        ("available", "bg", [3.65, 7.99]),
        ("accent", "raised", [3.0, 3.0]),
        ("edge", "raised", [3.0, 3.0]),
        ("edge", "sunk", [3.0, 3.0]),
        ("ink2", "raised", [4.5, 4.5]),
        ("ink2", "hover", [4.5, 4.5]),
        ("accent-ink", "raised", [4.5, 4.5]),
        ("live-ink", "raised", [4.5, 4.5]),
        ("end-ink", "raised", [4.5, 4.5]),
        ("warn-ink", "raised", [4.5, 4.5]),
    ];

    #[test]
    fn every_token_is_told_from_what_it_stands_on() {
        for (ink, ground, wanted) in CONTRASTS {
            let pairs = colours(ink).into_iter().zip(colours(ground));
            for ((ink_colour, ground_colour), wanted) in pairs.zip(wanted) {
                let contrast = ink_colour.contrast(ground_colour);
                // The figures have two places.
                assert!(contrast > wanted - 0.006, "{ink} on {ground}: {contrast:.2} of {wanted}");
            }
        }
    }

    #[test]
    fn initials_are_read_on_all_six_tints() {
        let tints: Vec<&str> = STYLE.lines().filter(|line| line.starts_with("[data-tint=\"")).collect();
        let numbered = tints.iter().filter(|line| line.contains("--tint-ink: light-dark("));
        let mut seen = 0;
        for line in numbered {
            let all: Vec<Rgb> =
                line.match_indices('#').filter_map(|(at, _)| Rgb::of(&line[at..at + 7])).collect();
            let [light, dark, light_ink, dark_ink] = all[..] else { panic!("{line}") };
            // What the design asks for, to one place.
            assert!(light_ink.contrast(light) > 6.25 && dark_ink.contrast(dark) > 6.25, "{line}");
            seen += 1;
        }
        assert_eq!(seen, 6);
    }
}
